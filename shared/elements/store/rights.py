"""View of the roles and departments that catalog publishes whole, and the rights of users compiled from it (PERM-01).

Each event carries all of its role or department, so that is one document that the newest event replaces: an event that
comes again or late changes nothing. Catalog's own documents have the same form. Every request needs them and they
change seldom, so a process keeps them in memory for a moment.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from crm_contracts.departments import (
    DepartmentCreated,
    DepartmentDeleted,
    DepartmentFields,
    DepartmentState,
    DepartmentUpdated,
)
from crm_contracts.envelope import Envelope
from crm_contracts.roles import RoleCreated, RoleDeleted, RoleFields, RoleState, RoleUpdated
from crm_contracts.values import Fields

from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.rights.departments import Departments
from shared.kit.domain import IN_DEPARTMENT, Unavailable
from shared.kit.storage.collection import Collection
from shared.kit.storage.filled_views import FilledViews
from shared.kit.storage.kept import Kept

ROLES: Final = "roles"
DEPARTMENTS: Final = "departments"
ADMINISTRATOR: Final = "admin"
"""The role of tokens whose bearers no role of the CRM restricts (PERM-09)."""
RIGHTS: Final = "rights"
"""The view of both, as one that is filled."""

RoleEvent = RoleCreated | RoleUpdated | RoleDeleted
DepartmentEvent = DepartmentCreated | DepartmentUpdated | DepartmentDeleted
S = TypeVar("S", RoleState, DepartmentState)


class RightsUnknown(Unavailable):
    """The service has not read yet which roles there are, so it cannot tell what a user may do."""

    code = "rights_unknown"


@dataclass(frozen=True, slots=True)
class _Stored:
    """The roles and departments of one moment, and the rights that were compiled from them."""

    roles: Sequence[RoleState]
    departments: Departments
    compiled: dict[tuple[str, frozenset[str]], Rights] = field(default_factory=dict)

    def rights(self, user_id: str, named: Iterable[str]) -> Rights:
        """Compile the rights of a user whose token names these roles and departments, once."""
        also = frozenset(named)
        known = self.compiled.get((user_id, also))
        if known is None:
            mine = [role for role in self.roles if role.id in also or user_id in role.user_ids]
            joined = frozenset(name.removeprefix(IN_DEPARTMENT) for name in also if name.startswith(IN_DEPARTMENT))
            known = self.compiled[user_id, also] = Rights.of(user_id, mine, self.departments.joined(user_id, joined))
        return known


class RightsOfUsers:
    """Kept from events; compiles what a user may do."""

    def __init__(
        self,
        roles: Collection,
        departments: Collection,
        *,
        filled: FilledViews | None = None,
        users_need_role: bool = False,
    ) -> None:
        """Restrict users without a role to nothing, or with `users_need_role` false not at all.

        Until the view is `filled`, no user's rights are known; None is for where all roles are at hand, as in catalog.
        """
        self._filled = filled
        self._users_need_role = users_need_role
        self._stored_roles = roles
        self._stored_departments = departments
        self._stored = Kept(self._read)

    @classmethod
    def open(
        cls,
        collection: Callable[[str], Collection],
        *,
        filled: FilledViews | None = None,
        users_need_role: bool = False,
    ) -> "RightsOfUsers":
        """Open the view; `collection` opens one by name."""
        return cls(collection(ROLES), collection(DEPARTMENTS), filled=filled, users_need_role=users_need_role)

    async def apply(self, event: Envelope[RoleEvent] | Envelope[DepartmentEvent]) -> None:
        """Store the role or the department; where a newer event was applied before, nothing changes."""
        data, sequence = event.data, event.sequence or 0
        stored = self._stored_roles if data.element.type == "role" else self._stored_departments
        deleted_at = event.time if isinstance(data, (RoleDeleted, DepartmentDeleted)) else None
        await stored.put(
            {"_id": data.element.id, "told": {"$not": {"$gte": sequence}}},
            {"$set": {**_state_after(data).model_dump(exclude={"id"}), "deleted_at": deleted_at, "told": sequence}},
        )
        self._stored.forget()

    async def restricting(self, actor: str, named: Iterable[str]) -> Rights | None:
        """Compile the rights that restrict an actor such as `user:anna`, whose token names these roles.

        None of whom none restricts: a service, an administrator, a user without a role unless users need one (PERM-09).

        Raises:
            RightsUnknown: it is a user, and which roles there are was not read yet.
        """
        kind, _, user_id = actor.partition(":")
        if kind != "user" or ADMINISTRATOR in named:
            return None
        rights = await self.of(user_id, named)
        return rights if rights.has_role or self._users_need_role else None

    async def departments(self) -> Departments:
        """Return all departments as they are now."""
        return (await self._stored.get()).departments

    async def roles(self) -> Sequence[RoleState]:
        """Return all roles as they are now."""
        return (await self._stored.get()).roles

    async def of(self, user_id: str, named: Iterable[str] = ()) -> Rights:
        """Compile the rights of a user by the roles that name the user, and by what the token names.

        The token names roles, and as `department:<id>` departments in which the user works (PERM-09).

        Raises:
            RightsUnknown: which roles there are was not read yet.
        """
        if self._filled is not None and not await self._filled.is_read(RIGHTS):
            message = "The service has not read yet which roles there are; try again later."
            raise RightsUnknown(message)
        return (await self._stored.get()).rights(user_id, named)

    async def _read(self) -> _Stored:
        roles = await _states(self._stored_roles, RoleState)
        return _Stored(roles, Departments.of(await _states(self._stored_departments, DepartmentState)))


def _state_after(event: RoleEvent | DepartmentEvent) -> Fields:
    """Return what an event leaves: all of the role or the department, or nothing of it."""
    if isinstance(event, RoleDeleted):
        return RoleFields()
    return DepartmentFields() if isinstance(event, DepartmentDeleted) else event.state


async def _states(stored: Collection, kind: type[S]) -> list[S]:
    found = await stored.find({"deleted_at": None}, fields=dict.fromkeys(kind.model_fields.keys() - {"id"}, 1))
    return [kind.model_validate({**each, "id": each["_id"]}) for each in found]
