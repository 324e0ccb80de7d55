"""A changed role acts on every replica of a service soon, whichever of them was told of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from crm_contracts.roles import Level, Right, RoleState
from fastapi import FastAPI

from deploy.local.mongo import Mongo
from services.deals.app import build as deals
from services.leads.app import build as leads
from shared.kit.settings import ServiceSettings
from tests.builders.granted import ROLES_ACT_WITHIN_S, SELLER, as_seller, store
from tests.builders.running import Api, running


async def _acts(api: Api, path: str, status: int, until: float) -> bool:
    """Whether the record is answered with this status before the time is over."""
    while (await as_seller(api, "GET", path)).status_code != status:
        if monotonic() > until:
            return False
        await asyncio.sleep(0.02)
    return True


@pytest.mark.parametrize(("name", "build"), [("leads", leads), ("deals", deals)])
async def test_a_changed_role_acts_on_all_replicas_within_two_seconds(
    mongo: Mongo, tmp_path: Path, name: str, build: Callable[[], tuple[FastAPI, ServiceSettings]]
) -> None:
    """PERM-01: in reads, by what one replica stores of the event."""
    noun = name.removesuffix("s")
    async with running(name, build, mongo, tmp_path) as one, running(name, build, mongo, tmp_path, beside=one) as other:
        record = await one.made(f"/{name}", {"responsible_id": "ben", "open_to_all": False})
        levels: list[tuple[Level, int]] = [("all", 200), ("own", 404), ("all", 200), ("none", 404)]
        for level, status in levels:
            await store(one, RoleState(id=SELLER, rights=(Right(element=noun, levels={"read": level}),)))
            until = monotonic() + ROLES_ACT_WITHIN_S
            for replica in (one, other):
                assert await _acts(replica, f"/{name}/{record['id']}", status, until), (level, replica)
