"""Change a rebuild under a lease, on behalf of one replica.

A replica that loses the lease does no harm, because both would write the same; the lease only saves doing the work
twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.timeline.rebuild.domain import Rebuild
from shared.kit.domain import Cause, NewId
from shared.kit.storage.repository import Records

SERVICE: Final = "service:timeline"

Hold = Callable[[Callable[[Rebuild], object]], Awaitable[Rebuild]]
"""Changes the rebuild in progress and renews its lease."""


@dataclass(frozen=True)
class Lease:
    """Leases of one replica, each of `held_s` from its last change; `server_time` is the database's clock."""

    holder: str
    rebuilds: Records[Rebuild]
    server_time: Callable[[], Awaitable[datetime]]
    new_id: NewId
    held_s: float

    async def hold(self, rebuild_id: str, change: Callable[[Rebuild], object]) -> Rebuild:
        """Change the rebuild, and acquire or renew its lease.

        Raises:
            HeldByAnother: another replica holds it, or it was cancelled.
        """
        moment = await self.server_time()

        def act(rebuild: Rebuild) -> None:
            rebuild.hold(self.holder, now=moment, seconds=self.held_s)
            change(rebuild)

        cause = Cause(f"hold/{self.new_id()}", SERVICE, moment, correlation_id=rebuild_id)
        return await self.rebuilds.change(rebuild_id, act, cause)

    async def release(self, rebuild: Rebuild) -> None:
        """Release the lease, if this replica has it."""
        cause = Cause(f"let-go/{self.new_id()}", SERVICE, rebuild.requested_at, correlation_id=rebuild.id)
        await self.rebuilds.change(rebuild.id, lambda found: found.release(self.holder), cause)
