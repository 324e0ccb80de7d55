"""Roles and departments, stored beside a service that runs in this process, as another replica of it would."""

from itertools import count
from typing import Any, Final

import httpx
from crm_contracts.departments import DepartmentCreated, DepartmentState
from crm_contracts.envelope import Envelope
from crm_contracts.roles import Right, RoleCreated, RoleState

from shared.elements.store.rights import RightsOfUsers
from tests.builders.causes import NOON
from tests.builders.running import Api

SELLER: Final = "seller"
"""The role that restricts anna, where her token names it."""
ROLES_ACT_WITHIN_S: Final = 2.0
"""What is promised of a role that changes (PERM-01)."""
_SEQUENCES: Final = count(1)


def told(state: RoleState | DepartmentState, sequence: int) -> Envelope[Any]:
    """What catalog publishes of a role or a department: all of it."""
    data = RoleCreated(role=state) if isinstance(state, RoleState) else DepartmentCreated(department=state)
    return Envelope(
        id=f"{data.element}-{sequence}",
        source="/crm/catalog",
        subject=state.id,
        time=NOON,
        data=data,
        correlation_id="c",
        actor="user:admin",
        sequence=sequence,
    )


async def store(api: Api, *states: RoleState | DepartmentState) -> None:
    """Store them; each replaces what was stored of it before."""
    view = RightsOfUsers.open(api.database.collection)
    for state in states:
        await view.apply(told(state, next(_SEQUENCES)))


async def allow(api: Api, *rights: Right) -> None:
    """Give the seller these rights and no others."""
    await store(api, RoleState(id=SELLER, rights=rights))


async def as_seller(api: Api, method: str, path: str, body: Any = None, **headers: Any) -> httpx.Response:
    """Send a request of anna's with the role, which alone says what she may do."""
    return await api(method, path, body, roles=[SELLER], **headers)
