"""A rebuild is given up; the live projection stays as it is (TL-11)."""

from datetime import datetime
from typing import Protocol

from services.timeline.domain.rebuild import Rebuild
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


class Generations(Protocol):
    """Knows where new entries go."""

    async def abandon(self, number: int) -> None:
        """Not to this generation any more, unless it is live."""
        ...


async def cancel_rebuild(
    rebuild_id: str, cause: Cause, *, now: datetime, rebuilds: Repository[Rebuild], generations: Generations
) -> Rebuild:
    """Give it up; whoever works at it finds out at its next step.

    Raises:
        NotFound: no such rebuild.
        TooLateToCancel: its result is live, or about to be.
    """
    cancelled = await rebuilds.change(rebuild_id, lambda rebuild: rebuild.cancel(now=now), cause)
    await generations.abandon(cancelled.generation)
    return cancelled
