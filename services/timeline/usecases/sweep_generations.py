"""Generations that nobody reads any more are dropped, some time after the rebuild that left them behind (TL-11)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.timeline.domain.rebuild import Rebuild
from shared.kit.domain import Cause, NewId
from shared.kit.storage.repository import Repository


class Unswept(Protocol):
    """Finds what was left behind."""

    async def unswept(self) -> Sequence[Rebuild]:
        """Rebuilds that are over and whose `leftover` is still there."""
        ...


class Generations(Protocol):
    """Where the generations are."""

    async def abandon(self, number: int) -> None:
        """Nothing is written to this one any more, unless it is live."""
        ...

    async def drop(self, number: int) -> None:
        """Remove it, unless it is in use."""
        ...


async def sweep_generations(
    *,
    views: Unswept,
    rebuilds: Repository[Rebuild],
    generations: Generations,
    server_time: Callable[[], Awaitable[datetime]],
    new_id: NewId,
    kept_s: float,
) -> None:
    """Drop those whose rebuild ended longer ago than `kept_s`; several replicas may do so at once."""
    for rebuild in await views.unswept():
        leftover, ended_at, moment = rebuild.leftover, rebuild.ended_at, await server_time()
        if leftover is None or ended_at is None:
            continue
        # Whoever cancelled may have died before this.
        await generations.abandon(leftover)
        if moment - ended_at >= timedelta(seconds=kept_s):
            await generations.drop(leftover)
            cause = Cause(f"sweep/{new_id()}", rebuild.requested_by, moment, correlation_id=rebuild.id)
            await rebuilds.change(rebuild.id, Rebuild.swept, cause)
