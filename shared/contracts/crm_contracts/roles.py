"""Roles and the events about them, on `crm.catalog.events`: who may do what (PERM-01 to PERM-06).

Each event but the deletion carries its role whole, so a consumer's view of it is the newest event.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from crm_contracts.events import Created, ElementEvent, Updated
from crm_contracts.field_spec import FieldSpec
from crm_contracts.values import ChangedFields, ElementRef, Fields, Value

Action = Literal["read", "add", "update", "delete", "export", "import"]

EVERY: Final = "*"
"""In place of a type of element: all of them, those that are yet to come as well."""

Level = Literal["none", "own", "department", "sub_departments", "opened", "all"]
"""To which records a right extends; each level but the first has all of the one before it (PERM-04)."""


class Right(Value):
    """Levels by action, on a type of element, on one of its pipelines or on one stage (PERM-01, PERM-02).

    The right of a stage goes before that of its pipeline, that before the one of the type, and that before the one of
    every type; what none of them names is `none`.
    """

    element: str = Field(
        examples=["deal"], description="type of element, such as lead, deal, contact; `*` for every type"
    )
    pipeline_id: str | None = Field(default=None, description="null where it holds in every pipeline")
    stage_id: str | None = Field(default=None, description="null where it holds in every stage")
    levels: Mapping[str, str] = Field(
        default_factory=dict,
        examples=[{"read": "opened", "update": "own"}],
        description="level (none, own, department, sub_departments, opened, all) by action (read, add, update, "
        "delete, export, import); more may come, and what a reader does not know allows nothing",
    )

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is a right to; a role has one right to each place."""
        return self.element, self.pipeline_id or "", self.stage_id or ""


class RoleFields(Fields):
    """What may be changed of a role."""

    name: Annotated[str, FieldSpec(shortest=1)] = Field(default="", examples=["Sales"])
    rights: Annotated[tuple[Right, ...], FieldSpec(longest=500)] = Field(
        default=(), description="what its users may do; of several roles the widest level of each action counts"
    )
    modify_settings: bool = Field(default=False, description="may change settings, dictionaries and roles (PERM-05)")
    allow_personal_card: bool = Field(default=False, description="may arrange cards for themselves (PERM-06)")
    user_ids: Annotated[tuple[str, ...], FieldSpec(kind="user", longest=5_000)] = Field(
        default=(), examples=[["anna", "ben"]], description="users who have the role"
    )


class RoleState(RoleFields):
    """A role, whole."""

    id: str = Field(examples=["employee"], description="chosen by who created it; immutable")


class OfRole(ElementEvent):
    """An event in the history of a role."""

    role: ElementRef

    @property
    def element(self) -> ElementRef:
        """The role."""
        return self.role


class RoleCreated(Created):
    """A role was created (PERM-01)."""

    ce_type: ClassVar[str] = "crm.role.created.v1"
    role: RoleState

    @property
    def element(self) -> ElementRef:
        """The role."""
        return ElementRef(type="role", id=self.role.id, title=self.role.name)

    @property
    def state(self) -> RoleState:
        """The role, whole."""
        return self.role


class RoleUpdated(Updated, OfRole):
    """Fields of a role changed, its rights or its users among them; `state` is all of it from now on."""

    ce_type: ClassVar[str] = "crm.role.updated.v1"
    before: Annotated[RoleFields, ChangedFields]
    after: Annotated[RoleFields, ChangedFields]
    state: RoleState


class RoleDeleted(OfRole):
    """A role was deleted; who had it has its rights no more."""

    ce_type: ClassVar[str] = "crm.role.deleted.v1"
    before: RoleFields
