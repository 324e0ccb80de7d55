"""Rules of a department: where it belongs, and who works there (PERM-04, PERM-09)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts.departments import (
    DepartmentCreated,
    DepartmentDeleted,
    DepartmentFields,
    DepartmentState,
    DepartmentUpdated,
)
from crm_contracts.values import ElementRef

from services.catalog.access.domain.errors import DepartmentCircle, DepartmentNotFound
from shared.elements.domain.element import state_of
from shared.elements.domain.room import check_fields
from shared.kit.domain import Aggregate, change_fields


class Department(Aggregate, DepartmentFields):
    """Users who work together; its id is chosen by who creates it."""

    NOUN: ClassVar[str] = "department"

    @classmethod
    def create(cls, id_: str, fields: Mapping[str, Any]) -> Self:
        """Create a department; whether there is the one that it belongs to was checked before.

        Raises:
            PartTooLarge: it is larger than the events about it may be.
        """
        department = cls(id=id_, **fields)
        check_fields(DepartmentFields, department, fields)
        department.record(DepartmentCreated(department=state_of(department, DepartmentState)))
        return department

    @property
    def ref(self) -> ElementRef:
        """Reference to this department."""
        return ElementRef(type=self.NOUN, id=self.id, title=self.name)

    def correct(self, changes: Mapping[str, Any]) -> None:
        """Change fields; record nothing where it has them already.

        Raises:
            PartTooLarge: it would be larger than the events about it may be.
        """
        changed = change_fields(self, changes, DepartmentFields)
        if changed is None:
            return
        before, after = changed
        check_fields(DepartmentFields, self, after.model_fields_set, before=before)
        state = state_of(self, DepartmentState)
        self.record(DepartmentUpdated(department=self.ref, before=before, after=after, state=state))

    def delete(self, *, at: datetime) -> None:
        """Delete the department; nothing that users entered remains."""
        self.record(DepartmentDeleted(department=self.ref, before=state_of(self, DepartmentFields)))
        change_fields(self, dict(DepartmentFields()), DepartmentFields)
        self.deleted_at = at


def check_parent(id_: str, parent_id: str | None, parents: Mapping[str, str | None]) -> None:
    """Check where a department is to belong; `parents` has that of every department.

    Two departments that are moved at the same moment may still come to belong to each other: readers bear it.

    Raises:
        DepartmentNotFound: there is no such department to belong to.
        DepartmentCircle: that one belongs to this one, or is this one.
    """
    seen, above = {id_}, parent_id
    while above is not None:
        if above in seen:
            message = f"{id_} would belong to itself"
            raise DepartmentCircle.at(message, "parent_id")
        if above not in parents:
            if above == parent_id:
                raise DepartmentNotFound.at(f"there is no department {above}", "parent_id")
            return
        seen.add(above)
        above = parents[above]
