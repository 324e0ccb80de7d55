"""Start changes of many records, find them, and follow them to their end.

The services work by themselves, so an operator may stop following and look again later.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from deploy.cli.answers import Problem
from deploy.cli.client import Crm, address
from deploy.verify.bulk_runs import RUNNING_SERVICES

OVER: Final = frozenset({"paused", "done", "cancelled"})
_LOOK_EACH_S: Final = 0.2
_NOT_FOUND: Final = 404

Run: TypeAlias = dict[str, Any]


class NoSuchRun(Exception):
    """No service has a run of this id, or none that the caller may see."""


async def start(crm: Crm, service: str, plural: str, body: Mapping[str, Any]) -> Run:
    """Start a run."""
    started: Run = (await crm.post(service, address(plural, "bulk"), body)).body
    return started


async def newest(crm: Crm, number: int) -> list[Run]:
    """Return the newest runs of all services, each with its service."""
    pages = await asyncio.gather(*(crm.get(name, address("runs"), limit=number) for name in RUNNING_SERVICES))
    found = [
        {"service": name, **run} for name, page in zip(RUNNING_SERVICES, pages, strict=True) for run in page["items"]
    ]
    return sorted(found, key=lambda run: str(run["created_at"]), reverse=True)[:number]


async def find(crm: Crm, id_: str) -> tuple[str, Run]:
    """Find the service that has a run, and read it.

    Raises:
        NoSuchRun: none has it.
    """
    for name in RUNNING_SERVICES:
        try:
            return name, await crm.get(name, address("runs", id_))
        except Problem as problem:
            if problem.status != _NOT_FOUND:
                raise
    raise NoSuchRun(f"there is no run {id_}")


async def control(crm: Crm, id_: str, how: str) -> Run:
    """Pause, resume or cancel it."""
    service, _ = await find(crm, id_)
    changed: Run = (await crm.post(service, address("runs", id_, how))).body
    return changed


async def undo(crm: Crm, id_: str, *, dry_run: bool) -> tuple[str, Run]:
    """Start the run that undoes a run, and return it with its service."""
    service, _ = await find(crm, id_)
    started: Run = (await crm.post(service, address("runs", id_, "undo"), {"dry_run": dry_run})).body
    return service, started


async def watch(crm: Crm, service: str, run: Run, show: Callable[[Run], None]) -> Run:
    """Show it until it has ended or is paused."""
    show(run)
    while run["state"] not in OVER:
        await asyncio.sleep(_LOOK_EACH_S)
        run = await crm.get(service, address("runs", run["id"]))
        show(run)
    return run
