"""Change an aggregate under a lease, on behalf of one replica.

A replica that loses the lease does no harm, because both would write the same; the lease only saves doing the work
twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from shared.kit.domain import Cause, NewId
from shared.kit.leases.leased import HasLease
from shared.kit.storage.repository import Records

H = TypeVar("H", bound=HasLease)

Hold: TypeAlias = Callable[[Callable[[H], object]], Awaitable[H]]
"""Changes the aggregate at work and renews its lease."""


@dataclass(frozen=True)
class Lease(Generic[H]):
    """Leases of one replica, each of `held_s` from its last change; `server_time` is the database's clock."""

    holder: str
    records: Records[H]
    server_time: Callable[[], Awaitable[datetime]]
    new_id: NewId
    held_s: float
    actor: str

    async def hold(self, id_: str, change: Callable[[H], object]) -> H:
        """Change the aggregate, and acquire or renew its lease.

        Raises:
            HeldByAnother: another replica holds it, or there is nothing left to do.
        """
        moment = await self.server_time()

        def act(held: H) -> None:
            held.hold(self.holder, now=moment, seconds=self.held_s)
            change(held)

        return await self.records.change(id_, act, self._cause("hold", id_, moment))

    async def release(self, id_: str) -> None:
        """Release the lease, if this replica has it."""
        moment = await self.server_time()
        await self.records.change(id_, lambda held: held.release(self.holder), self._cause("let-go", id_, moment))

    def _cause(self, step: str, id_: str, moment: datetime) -> Cause:
        return Cause(f"{step}/{self.new_id()}", self.actor, moment, correlation_id=id_)
