"""Change a rebuild under a lease.

A replica that loses the lease does no harm, because both would write the same; the lease only saves doing the work
twice.
"""

from collections.abc import Callable
from typing import Final

from services.timeline.rebuild.domain import Rebuild
from services.timeline.rebuild.usecases.ports import ServerTime
from shared.kit.domain import Cause, NewId
from shared.kit.storage.repository import Records

SERVICE: Final = "service:timeline"


async def hold_rebuild(
    rebuild_id: str,
    change: Callable[[Rebuild], object],
    *,
    holder: str,
    rebuilds: Records[Rebuild],
    server_time: ServerTime,
    new_id: NewId,
    held_s: float,
) -> Rebuild:
    """Change the rebuild, and hold it for `held_s` from now.

    Raises:
        HeldByAnother: another replica holds it, or it was cancelled.
    """
    moment = await server_time()

    def act(rebuild: Rebuild) -> None:
        rebuild.hold(holder, now=moment, seconds=held_s)
        change(rebuild)

    cause = Cause(f"hold/{new_id()}", SERVICE, moment, correlation_id=rebuild_id)
    return await rebuilds.change(rebuild_id, act, cause)
