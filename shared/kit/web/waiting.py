"""Hold requests until a process ends (`Prefer: wait=N`), up to a number of requests.

A request polls, because another replica may end the process. A write of this one to its document makes it read at once,
so that polls are seldom needed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final, TypeVar

from shared.kit.domain import Aggregate
from shared.kit.storage.repository import Records
from shared.kit.telemetry.metrics import WAITERS, WAITERS_LIMIT

A = TypeVar("A", bound=Aggregate)
T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.05
GROWTH: Final = 1.5
LONGEST_PAUSE_S: Final = 0.25


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

    def __init__(
        self, limit: int, *, first_pause_s: float = FIRST_PAUSE_S, longest_pause_s: float = LONGEST_PAUSE_S
    ) -> None:
        """Read again after `first_pause_s`, and ever more rarely, unless a write of this process comes first."""
        self._free = limit
        self._pauses = (first_pause_s, longest_pause_s)
        self._stopping = False
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        WAITERS_LIMIT.set(limit)

    def release_all(self) -> None:
        """Answer all waiting requests with the current state, because the service is about to stop."""
        self._stopping = True
        for document in list(self._waiting):
            self.wake(document)

    def wake(self, document: str) -> None:
        """Let the requests that wait for this document, by its id, read it now."""
        for written in self._waiting.get(document, ()):
            written.set()

    async def until_record(
        self, records: Records[A], id_: str, ended: Callable[[A], bool], wait: Wait, *, so_far: A
    ) -> A:
        """Read a record of this service until its process has ended or the time is over: see `until`."""
        return await self.until(
            partial(records.get, id_),
            ended,
            wait,
            so_far=so_far,
            document=id_,
            written=partial(records.written, id_),
        )

    async def until(
        self,
        read: Callable[[], Awaitable[T]],
        ended: Callable[[T], bool],
        wait: Wait,
        *,
        so_far: T | None = None,
        document: str | None = None,
        written: Callable[[], Awaitable[T]] | None = None,
    ) -> T:
        """Read until the process has ended or the time is over, and return the last reading.

        Args:
            read: reads the state of the process.
            ended: whether a reading shows the end.
            wait: how long the caller would wait.
            so_far: a reading that the caller has already; where it shows the end, nothing is read.
            document: id of the document that ends the process, if it is one of this service's.
            written: reads what a write of this process to the document has left; at the end of the service `read` does.
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
            with self._watching(document or "") as written_now:
                deadline, (pause, longest) = monotonic() + wait.seconds, self._pauses
                while not (ended(reading) or self._stopping) and (left := deadline - monotonic()) > 0:
                    was_written = await _pause(min(pause, left), written_now)
                    pause = min(pause * GROWTH, longest)
                    reading = await (written if written and was_written and not self._stopping else read)()
            wait.is_granted = ended(reading) or not self._stopping
            return reading
        finally:
            self._free += 1
            WAITERS.dec()

    @contextmanager
    def _watching(self, document: str) -> Iterator[asyncio.Event]:
        """Yield what is set by each write to the document."""
        written = asyncio.Event()
        self._waiting[document].add(written)
        try:
            yield written
        finally:
            self._waiting[document].discard(written)
            if not self._waiting[document]:
                del self._waiting[document]


async def _pause(seconds: float, written: asyncio.Event) -> bool:
    """Wait for a write, no longer than this, and return whether there was one."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await written.wait()
    was_written = written.is_set()
    written.clear()
    return was_written
