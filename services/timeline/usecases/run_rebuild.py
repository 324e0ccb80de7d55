"""Some replica works at the rebuild that is open, from wherever it was left (TL-11).

The surprise: nobody hands it over. Every replica tries to hold it, again and again; a replica that stops lets it go,
one that dies no longer renews its hold.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from typing import Protocol

from services.timeline.domain.rebuild import HeldByAnother, Rebuild
from services.timeline.usecases import build_generation as building
from services.timeline.usecases import compare_generations as comparing
from services.timeline.usecases.build_generation import build_generation
from services.timeline.usecases.compare_generations import compare_generations
from services.timeline.usecases.hold_rebuild import SERVICE, Hold, hold_rebuild
from shared.kit.domain import Cause, NewId
from shared.kit.messaging.failures import is_transient, reason_of
from shared.kit.storage.repository import Repository
from shared.kit.telemetry.logs import log as say


class Log(building.Log, comparing.Log, Protocol):
    """The topics, and how far the live service has heard them."""


class Generations(building.Generations, comparing.Generations, Protocol):
    """All of them."""

    async def switch(self, number: int) -> int:
        """Make it the live one, in one step; the number of the one that was."""
        ...

    async def abandon(self, number: int) -> None:
        """Nothing is written to this one any more, unless it is live."""
        ...


class RebuildAtWork(Protocol):
    """Knows what there is to do."""

    async def at_work(self) -> Rebuild | None:
        """The rebuild that some replica should work at."""
        ...


async def run_rebuild(
    *,
    holder: str,
    views: RebuildAtWork,
    rebuilds: Repository[Rebuild],
    generations: Generations,
    open_log: Callable[[], AbstractAsyncContextManager[Log]],
    server_time: Callable[[], Awaitable[datetime]],
    new_id: NewId,
    held_s: float,
) -> None:
    """Work at it until it is over, waits for a decision, or is somebody else's; where there is none, nothing."""
    rebuild = await views.at_work()
    if rebuild is None:
        return
    hold: Hold = partial(
        hold_rebuild,
        rebuild.id,
        holder=holder,
        rebuilds=rebuilds,
        server_time=server_time,
        new_id=new_id,
        held_s=held_s,
    )
    try:
        rebuild = await hold(lambda _: None)
        await _work(rebuild, generations=generations, open_log=open_log, server_time=server_time, hold=hold)
    except HeldByAnother:
        pass
    except Exception as error:
        if is_transient(error):
            raise
        say.exception("rebuild failed")
        reason, moment = reason_of(error), await server_time()
        await hold(lambda found: found.fail(reason, now=moment))
    finally:
        cause = Cause(f"let-go/{new_id()}", SERVICE, rebuild.requested_at, correlation_id=rebuild.id)
        await rebuilds.change(rebuild.id, lambda found: found.let_go(holder), cause)


async def _work(
    rebuild: Rebuild,
    *,
    generations: Generations,
    open_log: Callable[[], AbstractAsyncContextManager[Log]],
    server_time: Callable[[], Awaitable[datetime]],
    hold: Hold,
) -> None:
    if rebuild.state != "switching":
        async with open_log() as log:
            if rebuild.state == "building":
                rebuild = await build_generation(rebuild, generations=generations, log=log, hold=hold)
            rebuild = await compare_generations(rebuild, generations=generations, log=log, hold=hold)
    if rebuild.state == "switching":
        replaced, moment = await generations.switch(rebuild.generation), await server_time()
        await hold(lambda found: found.switched(replaced=replaced, now=moment))
