"""The projection is to be told anew from the topics' beginning (TL-11)."""

from typing import Protocol

from services.timeline.domain.rebuild import Rebuild, RebuildRunning
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


class OpenRebuild(Protocol):
    """Knows the one rebuild that is not over."""

    async def open(self) -> Rebuild | None:
        """It, if there is one."""
        ...


class Numbers(Protocol):
    """Numbers generations."""

    async def reserve(self) -> int:
        """A number that no generation ever had."""
        ...


async def start_rebuild(
    rebuild_id: str, cause: Cause, *, rebuilds: Repository[Rebuild], views: OpenRebuild, generations: Numbers
) -> Rebuild:
    """Ask for it; some replica begins a moment later.

    Raises:
        RebuildRunning: another one is not over; the details name it.
    """
    wanted = Rebuild(
        id=rebuild_id,
        generation=await generations.reserve(),
        requested_by=cause.actor,
        requested_at=cause.at,
    )
    try:
        return await rebuilds.add(wanted, cause)
    except RebuildRunning:
        running = await views.open()
        details = {"rebuild_id": running.id} if running else {}
        raise RebuildRunning("Another rebuild is not over.", details) from None
