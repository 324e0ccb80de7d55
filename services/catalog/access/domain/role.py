"""Rules of a role: rights, and the users who have it (PERM-01, PERM-02, PERM-05, PERM-06)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from crm_contracts.roles import RoleCreated, RoleDeleted, RoleFields, RoleState, RoleUpdated
from crm_contracts.values import ElementRef

from services.catalog.access.domain.errors import SystemRole
from services.catalog.access.domain.rights import check_rights
from services.catalog.access.domain.seeds import ADMINISTRATOR
from shared.elements.domain.element import state_of
from shared.elements.domain.room import check_fields
from shared.kit.domain import Aggregate, change_fields

_KEPT: Final = ("rights", "modify_settings")
"""What the administrator's role keeps."""


class Role(Aggregate, RoleFields):
    """What the users who have it may do; its id is chosen by who creates it."""

    NOUN: ClassVar[str] = "role"

    @classmethod
    def create(cls, id_: str, fields: Mapping[str, Any]) -> Self:
        """Create a role.

        Raises:
            InvalidRights: rights are not valid.
            PartTooLarge: it is larger than the events about it may be.
        """
        role = cls(id=id_, **fields)
        role._check(fields)
        role.record(RoleCreated(role=state_of(role, RoleState)))
        return role

    @property
    def ref(self) -> ElementRef:
        """Reference to this role."""
        return ElementRef(type=self.NOUN, id=self.id, title=self.name)

    def correct(self, changes: Mapping[str, Any]) -> None:
        """Change fields; record nothing where it has them already.

        Raises:
            InvalidRights: rights are not valid.
            PartTooLarge: it would be larger than the events about it may be.
            SystemRole: it is the administrator's, and its rights would be others.
        """
        changed = change_fields(self, changes, RoleFields)
        if changed is None:
            return
        before, after = changed
        if self.id == ADMINISTRATOR and before.model_fields_set & set(_KEPT):
            raise SystemRole("The administrator's role keeps its rights; only its name and its users change.")
        self._check(after.model_fields_set, before)
        self.record(RoleUpdated(role=self.ref, before=before, after=after, state=state_of(self, RoleState)))

    def delete(self, *, at: datetime) -> None:
        """Delete the role; nothing that users entered remains.

        Raises:
            SystemRole: it is the administrator's.
        """
        if self.id == ADMINISTRATOR:
            raise SystemRole("The administrator's role is not deleted.")
        self.record(RoleDeleted(role=self.ref, before=state_of(self, RoleFields)))
        change_fields(self, dict(RoleFields()), RoleFields)
        self.deleted_at = at

    def _check(self, changed: Any, before: RoleFields | None = None) -> None:
        check_rights(self.rights)
        check_fields(RoleFields, self, changed, before=before)
