"""Roles of the CRM, as the clients service was told of them, and the records that they do or do not extend to."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from crm_contracts.roles import Right, RoleCreated, RoleState

from shared.elements.store.rights import RightsOfUsers
from shared.kit.storage.connection import Database
from tests.builders.events import an_event
from tests.builders.running import Api

OF_BEN: Mapping[str, Any] = {"responsible_id": "ben", "open_to_all": False}
"""What anna is not responsible for, and what is not open to all."""


async def keep_role(database: Database, *rights: Right, user_ids: tuple[str, ...] = ()) -> str:
    """The service was told of a new role; its id."""
    role = RoleState(id=f"role-{uuid4().hex[:12]}", rights=rights, user_ids=user_ids)
    await RightsOfUsers.open(database.collection).apply(an_event(RoleCreated(role=role), subject=role.id))
    return role.id


async def a_role(api: Api, **levels: Mapping[str, str]) -> list[str]:
    """What the token of a user names who has these levels by action on each type; of other types he may do nothing."""
    rights = [Right(element=noun, levels=each) for noun, each in levels.items()]
    return [await keep_role(api.database, *rights)]
