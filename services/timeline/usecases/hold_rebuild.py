"""A replica works at a rebuild for some seconds more, and says how far it is (TL-11).

The surprise: losing the rebuild to another replica is harmless, because both would write the same; it is only found
out here, at the next change, in order not to do the work twice.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from services.timeline.domain.rebuild import Rebuild
from shared.kit.domain import Cause, NewId
from shared.kit.storage.repository import Repository

SERVICE: Final = "service:timeline"

Hold = Callable[[Callable[[Rebuild], object]], Awaitable[Rebuild]]
"""Changes the rebuild of whoever works at it, who holds it for longer then."""


async def hold_rebuild(
    rebuild_id: str,
    change: Callable[[Rebuild], object],
    *,
    holder: str,
    rebuilds: Repository[Rebuild],
    server_time: Callable[[], Awaitable[datetime]],
    new_id: NewId,
    held_s: float,
) -> Rebuild:
    """Change it, and hold it for `held_s` from now.

    Raises:
        HeldByAnother: another replica took it over, or it was cancelled.
    """
    moment = await server_time()

    def act(rebuild: Rebuild) -> None:
        rebuild.hold(holder, now=moment, seconds=held_s)
        change(rebuild)

    cause = Cause(f"hold/{new_id()}", SERVICE, moment, correlation_id=rebuild_id)
    return await rebuilds.change(rebuild_id, act, cause)
