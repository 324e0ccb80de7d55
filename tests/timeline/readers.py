"""Readers whose roles restrict them, as the timeline service knows them by their tokens and catalog's events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from crm_contracts.roles import Right, RoleCreated, RoleState

from tests.catalog.running import Api
from tests.timeline.conftest import Deliver
from tests.timeline.events import said

ROLES: Final[Mapping[str, tuple[Right, ...]]] = {
    "own": (Right(element="*", levels={"read": "own", "update": "own"}),),
    "opened": (Right(element="*", levels={"read": "opened", "update": "opened"}),),
    "all": (Right(element="*", levels={"read": "all"}),),
    "sales": (
        Right(element="*", levels={"read": "own"}),
        Right(element="deal", levels={"read": "all", "update": "own"}),
        Right(element="deal", pipeline_id="default", stage_id="WON", levels={"read": "none"}),
    ),
}
"""Rights of the roles, by their ids."""


async def tell_roles(deliver: Deliver) -> None:
    """Deliver the roles, before anybody asks for them."""
    await deliver(
        *(
            said(RoleCreated(role=RoleState(id=id_, name=id_, rights=rights)), source="/crm/catalog", subject=id_)
            for id_, rights in ROLES.items()
        )
    )


@dataclass(frozen=True)
class Reader:
    """A user with one role."""

    timeline: Api
    user: str
    role: str

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        token = self.timeline.signer.token(sub=self.user, roles=[self.role])
        return await self.timeline.call(method, path, body, token=token)

    async def entries(self, element: str, more: str = "") -> list[dict[str, Any]]:
        """The one page of a timeline."""
        answer = await self.call("GET", f"/timeline?element={element}{more}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def sees(self, element: str) -> bool:
        return bool(await self.entries(element))
