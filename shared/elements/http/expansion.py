"""Tell more of what records name, where `expand` asks for it, from the service's own views (DEAL-02).

A caller is told nothing that he could not read where it comes from: he needs the permission there as well, and of a
client that he may not read the id alone is shown.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from shared.elements.domain.client_names import KnownClient
from shared.elements.domain.responsible import HasResponsible
from shared.elements.domain.rights.departments import Departments
from shared.elements.domain.traits import HasClient
from shared.elements.http.rights import rights_of
from shared.elements.schemas.expansion import (
    CLIENT,
    RESPONSIBLE,
    DepartmentName,
    Expanded,
    ExpandedClient,
    ExpandedUser,
)
from shared.elements.usecases.collaborators import Collaborators, KnownDepartments, KnownNames
from shared.kit.domain import Aggregate
from shared.kit.web.auth import check_permission
from shared.kit.web.call import Call

_PERMISSIONS: Final[Mapping[str, str]] = {CLIENT: "clients:read", RESPONSIBLE: "catalog:read"}
"""Who may read what an expansion tells."""


@dataclass(frozen=True, slots=True)
class Expansions:
    """What the views of a service tell of what its records name."""

    departments: KnownDepartments
    client_names: KnownNames | None = None

    @classmethod
    def of_elements(cls, collaborators: Collaborators) -> Self:
        """Take the views of a service whose elements link clients."""
        return cls(collaborators.departments, collaborators.client_names)

    @property
    def names(self) -> Sequence[str]:
        """What `expand` may name."""
        return (RESPONSIBLE,) if self.client_names is None else (CLIENT, RESPONSIBLE)

    async def of(self, call: Call, wanted: Collection[str], records: Sequence[Aggregate]) -> Sequence[Expanded | None]:
        """Return what is wanted of each record; None of each where nothing is. One query serves all of them.

        Raises:
            Forbidden: the token of a caller whom no role restricts does not let him read that.
        """
        if not wanted:
            return [None] * len(records)
        if rights_of(call) is None:
            check_permission(call.caller, *(_PERMISSIONS[each] for each in wanted))
        tells_users = RESPONSIBLE in wanted
        clients = await self._clients(call, records) if CLIENT in wanted else None
        departments = await self.departments.departments() if tells_users else Departments()
        return [
            Expanded(
                client=None if clients is None else _clients_of(each, clients),
                responsible=_responsible_for(each, departments) if tells_users else None,
            )
            for each in records
        ]

    async def _clients(self, call: Call, records: Sequence[Aggregate]) -> Mapping[str, KnownClient]:
        linked = [ref for each in records if isinstance(each, HasClient) for ref in each.client.refs]
        return {} if self.client_names is None else await self.client_names.known(linked, rights_of(call))


def _clients_of(record: Aggregate, clients: Mapping[str, KnownClient]) -> list[ExpandedClient]:
    if not isinstance(record, HasClient):
        return []
    known = [(ref, clients.get(str(ref), KnownClient(ref.title))) for ref in record.client.refs]
    return [
        ExpandedClient(type=ref.type, id=ref.id, title=each.title, responsible_id=each.responsible_id)
        for ref, each in known
    ]


def _responsible_for(record: Aggregate, departments: Departments) -> ExpandedUser | None:
    if not isinstance(record, HasResponsible) or not record.responsible_id:
        return None
    mine = sorted(departments.of_user(record.responsible_id))
    named = [DepartmentName(id=each, name=departments.names[each]) for each in mine]
    return ExpandedUser(id=record.responsible_id, departments=named)
