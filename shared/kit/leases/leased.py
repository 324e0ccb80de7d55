"""An aggregate that one replica at a time works at, under a lease of some seconds.

Pure. A replica that lost the lease is refused at its next change. Times are the database's, which all replicas share.
"""

from abc import abstractmethod
from datetime import datetime, timedelta

from shared.kit.domain import Aggregate, Conflict


class HeldByAnother(Conflict):
    """Another replica holds it, or there is nothing left to do."""

    code = "held_by_another"


class HasLease(Aggregate):
    """An aggregate with a lease."""

    holder: str | None = None
    held_until: datetime | None = None

    @property
    @abstractmethod
    def is_at_work(self) -> bool:
        """Whether a replica should work at it."""

    def hold(self, holder: str, *, now: datetime, seconds: float) -> None:
        """Acquire or renew the lease.

        Raises:
            HeldByAnother: another replica has it, or there is nothing left to do.
        """
        is_free = self.holder in (None, holder) or self.held_until is None or self.held_until < now
        if not self.is_at_work or not is_free:
            raise HeldByAnother(f"The {self.NOUN} is held by {self.holder}, or there is nothing left to do.")
        self.holder, self.held_until = holder, now + timedelta(seconds=seconds)

    def release(self, holder: str) -> None:
        """Release the lease, so that another replica continues at once."""
        if self.holder == holder:
            self.holder = self.held_until = None
