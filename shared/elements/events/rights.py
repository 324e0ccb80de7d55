"""Keep the view of roles and departments from catalog's events."""

from collections.abc import Iterable
from typing import Any

from crm_contracts.departments import DepartmentCreated, DepartmentDeleted, DepartmentUpdated
from crm_contracts.envelope import Envelope, Event
from crm_contracts.roles import RoleCreated, RoleDeleted, RoleUpdated

from shared.elements.store.rights import RightsOfUsers
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on

_KEPT = (RoleCreated, RoleUpdated, RoleDeleted, DepartmentCreated, DepartmentUpdated, DepartmentDeleted)


def rights_reactions(rights: RightsOfUsers) -> Reactions:
    """Make the reactions to every change of a role or a department."""

    async def on_event(event: Envelope[Any], _: Cause) -> None:
        """Keep the role or the department."""
        await rights.apply(event)

    return [on(each, on_event, name="keep_rights") for each in _KEPT]


async def keep_rights(events: Iterable[Envelope[Event]], *, rights: RightsOfUsers) -> None:
    """Keep the roles and departments among the events of a batch."""
    for event in events:
        if isinstance(event.data, _KEPT):
            await rights.apply(event)  # type: ignore[arg-type] # its data is one of them
