"""Start a rebuild of the timeline, or find the one that runs, and follow it to its end.

The service works by itself, so an operator may stop following and look again later.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from deploy.cli.answers import Problem
from deploy.cli.client import Crm, address

OVER: Final = frozenset({"switched", "differs", "failed", "cancelled"})
_LOOK_EACH_S: Final = 0.2

Rebuild = dict[str, Any]


async def begin(crm: Crm) -> Rebuild:
    """Start a rebuild, or return the one that is not over yet."""
    try:
        started: Rebuild = (await crm.post("timeline", _address())).body
    except Problem as problem:
        if problem.code != "rebuild_running":
            raise
        return await look(crm, str(problem.body["rebuild_id"]))
    return started


async def newest(crm: Crm) -> Rebuild | None:
    """Return the last one that was requested."""
    page: dict[str, list[Rebuild]] = await crm.get("timeline", _address(), limit=1)
    return next(iter(page["items"]), None)


async def look(crm: Crm, rebuild_id: str) -> Rebuild:
    """Read how far it is."""
    found: Rebuild = await crm.get("timeline", _address(rebuild_id))
    return found


async def watch(crm: Crm, rebuild: Rebuild, show: Callable[[Rebuild], None]) -> Rebuild:
    """Show it until it is over, or waits for a decision."""
    show(rebuild)
    while rebuild["state"] not in OVER:
        await asyncio.sleep(_LOOK_EACH_S)
        rebuild = await look(crm, rebuild["id"])
        show(rebuild)
    return rebuild


async def accept(crm: Crm, rebuild: Rebuild) -> Rebuild:
    """Let it switch although it differs."""
    accepted: Rebuild = (await crm.post("timeline", _address(rebuild["id"], "switch"))).body
    return accepted


async def cancel(crm: Crm, rebuild: Rebuild) -> Rebuild:
    """Cancel it."""
    cancelled: Rebuild = (await crm.send("DELETE", "timeline", _address(rebuild["id"]))).body
    return cancelled


def _address(*segments: str) -> str:
    return address("timeline", "rebuilds", *segments)
