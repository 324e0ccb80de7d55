"""Departments and the events about them, on `crm.catalog.events`: who works with whom (PERM-04, PERM-09).

Each event but the deletion carries its department whole, so a consumer's view of it is the newest event.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from crm_contracts.events import Created, ElementEvent, Updated
from crm_contracts.field_spec import FieldSpec
from crm_contracts.values import ChangedFields, ElementRef, Fields


class DepartmentFields(Fields):
    """What may be changed of a department."""

    name: Annotated[str, FieldSpec(shortest=1)] = Field(default="", examples=["Sales"])
    parent_id: Annotated[str | None, FieldSpec(kind="element")] = Field(
        default=None, description="the department that it belongs to; null at the top"
    )
    member_ids: Annotated[tuple[str, ...], FieldSpec(kind="user", longest=5_000)] = Field(
        default=(), examples=[["anna", "ben"]], description="users who work there"
    )


class DepartmentState(DepartmentFields):
    """A department, whole."""

    id: str = Field(examples=["sales"], description="chosen by who created it; immutable")


class OfDepartment(ElementEvent):
    """An event in the history of a department."""

    department: ElementRef

    @property
    def element(self) -> ElementRef:
        """The department."""
        return self.department


class DepartmentCreated(Created):
    """A department was created."""

    ce_type: ClassVar[str] = "crm.department.created.v1"
    department: DepartmentState

    @property
    def element(self) -> ElementRef:
        """The department."""
        return ElementRef(type="department", id=self.department.id, title=self.department.name)

    @property
    def state(self) -> DepartmentState:
        """The department, whole."""
        return self.department


class DepartmentUpdated(Updated, OfDepartment):
    """Fields of a department changed, its place or its members among them; `state` is all of it from now on."""

    ce_type: ClassVar[str] = "crm.department.updated.v1"
    before: Annotated[DepartmentFields, ChangedFields]
    after: Annotated[DepartmentFields, ChangedFields]
    state: DepartmentState


class DepartmentDeleted(OfDepartment):
    """A department was deleted; who worked there is in it no more."""

    ce_type: ClassVar[str] = "crm.department.deleted.v1"
    before: DepartmentFields
