"""Start, accept or cancel a rebuild on behalf of the operator; a replica does the work (TL-11)."""

from datetime import datetime

from services.timeline.rebuild.domain import Rebuild, RebuildRunning
from services.timeline.rebuild.usecases.ports import Versions, Views
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records, Repository


async def start_rebuild(
    rebuild_id: str, cause: Cause, *, rebuilds: Repository[Rebuild], views: Views, versions: Versions
) -> Rebuild:
    """Store a rebuild, which a replica begins a moment later.

    Raises:
        RebuildRunning: another one has not ended; the details name it.
    """
    wanted = Rebuild(
        id=rebuild_id,
        generation=await versions.reserve(),
        requested_by=cause.actor,
        requested_at=cause.at,
    )
    try:
        return await rebuilds.add(wanted, cause)
    except RebuildRunning:
        running = await views.open()
        details = {"rebuild_id": running.id} if running else {}
        raise RebuildRunning("Another rebuild is not over.", details) from None


async def accept_differences(rebuild_id: str, cause: Cause, *, rebuilds: Records[Rebuild]) -> Rebuild:
    """Accept that the projection differs, as after a change of the narration; a replica switches a moment later.

    Raises:
        NotFound: no such rebuild.
        NothingToAccept: no difference waits for a decision.
    """
    return await rebuilds.change(rebuild_id, lambda rebuild: rebuild.accept(cause.actor), cause)


async def cancel_rebuild(
    rebuild_id: str, cause: Cause, *, now: datetime, rebuilds: Records[Rebuild], versions: Versions
) -> Rebuild:
    """End a rebuild without switching; the replica that works at it is refused at its next change.

    Raises:
        NotFound: no such rebuild.
        TooLateToCancel: its result is live, or about to be.
    """
    cancelled = await rebuilds.change(rebuild_id, lambda rebuild: rebuild.cancel(now=now), cause)
    await versions.abandon(cancelled.generation)
    return cancelled
