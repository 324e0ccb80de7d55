"""Hold requests until a process ends (`Prefer: wait=N`), up to a number of requests."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from shared.kit.telemetry.metrics import WAITERS, WAITERS_LIMIT

T = TypeVar("T")


@dataclass
class Wait:
    """The wish of a caller to wait for a process.

    Attributes:
        seconds: at most; None where the caller did not ask to wait.
        is_granted: whether the answer has waited that long, or had nothing left to wait for.
    """

    seconds: int | None = None
    is_granted: bool = False

    @property
    def applied(self) -> str | None:
        """What `Preference-Applied` says, if anything."""
        return f"wait={self.seconds}" if self.is_granted else None


class LongPolls:
    """Long polls on the end of a process; beyond the limit, and during shutdown, requests are answered at once."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._stopping = False
        WAITERS_LIMIT.set(limit)

    def release_all(self) -> None:
        """Answer all waiting requests with the current state, because the service is about to stop."""
        self._stopping = True

    async def until(
        self, read: Callable[[], Awaitable[T]], ended: Callable[[T], bool], wait: Wait, *, so_far: T | None = None
    ) -> T:
        """Read until the process has ended or the time is over, and return the last reading.

        `so_far` is a reading that the caller has already; where it shows the end, nothing is read.
        """
        reading = await read() if so_far is None else so_far
        if not wait.seconds or ended(reading):
            wait.is_granted = wait.seconds is not None
            return reading
        if self._free <= 0:
            return reading
        self._free -= 1
        WAITERS.inc()
        try:
            deadline, pause = monotonic() + wait.seconds, 0.02
            while not (ended(reading) or self._stopping) and (left := deadline - monotonic()) > 0:
                await asyncio.sleep(min(pause, left))
                pause = min(pause * 1.3, 0.25)
                reading = await read()
            wait.is_granted = ended(reading) or not self._stopping
            return reading
        finally:
            self._free += 1
            WAITERS.dec()
