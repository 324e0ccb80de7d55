"""Wait until all timeline entries of a chain of events can be read.

Without polling: a change stream of MongoDB returns each entry as soon as it is committed to a majority, which is when a
reader sees it; it costs the database one cursor, however many conversions are watched. All collections are watched,
because it is a matter of the revision which one has the entries, and how many of them an event has.
"""

import asyncio
from collections import defaultdict
from time import monotonic
from types import TracebackType
from typing import Any, Self

from motor.motor_asyncio import AsyncIOMotorClient

from benchmarks.program import Target

_INSERTS: list[dict[str, Any]] = [
    {"$match": {"operationType": "insert", "fullDocument.correlation_id": {"$exists": True}}},
    {"$project": {"fullDocument.correlation_id": 1}},
]


class Entries:
    """Counts entries by correlation id; an async context manager."""

    def __init__(self, target: Target) -> None:
        self._client: Any = AsyncIOMotorClient(target.mongo)
        self._database = self._client["crm_timeline"]
        self._seen: dict[str, int] = defaultdict(int)
        self._newest_at = monotonic()
        self._waiting: dict[str, tuple[int, asyncio.Future[None]]] = {}
        self._watching: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watching = asyncio.create_task(self._watch(opened))
        await opened
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        self._client.close()

    def seen(self, correlation_id: str) -> int:
        """Return how many there are so far."""
        return self._seen[correlation_id]

    async def idle(self, seconds: float) -> None:
        """Return when no entry of any chain has come for so long: all that was begun has ended."""
        while True:
            left = self._newest_at + seconds - monotonic()
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def reach(self, correlation_id: str, number: int) -> None:
        """Return when so many of them can be read."""
        if self._seen[correlation_id] < number:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting[correlation_id] = (number, waiting)
            await waiting

    async def _watch(self, opened: "asyncio.Future[None]") -> None:
        async with self._database.watch(_INSERTS, max_await_time_ms=1000) as changes:
            await changes.try_next()  # the cursor is made by the first look
            opened.set_result(None)
            async for change in changes:
                self._count(change["fullDocument"]["correlation_id"])

    def _count(self, correlation_id: str) -> None:
        self._seen[correlation_id] += 1
        self._newest_at = monotonic()
        number, waiting = self._waiting.get(correlation_id, (0, None))
        if waiting is not None and self._seen[correlation_id] >= number and not waiting.done():
            del self._waiting[correlation_id]
            waiting.set_result(None)
