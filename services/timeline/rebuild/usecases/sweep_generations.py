"""Drop versions that are no longer read, some time after the rebuild that left them behind (TL-11)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from services.timeline.rebuild.domain import Rebuild
from services.timeline.rebuild.usecases.ports import Versions, Views
from shared.kit.domain import Cause, NewId
from shared.kit.storage.repository import Records


async def sweep_generations(
    *,
    views: Views,
    rebuilds: Records[Rebuild],
    versions: Versions,
    server_time: Callable[[], Awaitable[datetime]],
    new_id: NewId,
    kept_s: float,
) -> None:
    """Drop versions whose rebuild ended longer ago than `kept_s`; several replicas may do so at once."""
    for rebuild in await views.unswept():
        leftover, ended_at, moment = rebuild.leftover, rebuild.ended_at, await server_time()
        if leftover is None or ended_at is None:
            continue
        # A cancellation may have been cut short before this.
        await versions.abandon(leftover)
        if moment - ended_at >= timedelta(seconds=kept_s):
            await versions.drop(leftover)
            cause = Cause(f"sweep/{new_id()}", rebuild.requested_by, moment, correlation_id=rebuild.id)
            await rebuilds.change(rebuild.id, Rebuild.clear_leftover, cause)
