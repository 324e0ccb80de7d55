"""Keep the documents that their writers reported as pending, within bounds."""

import asyncio

from shared.kit.messaging.outbox import ROUND, ROUND_BYTES, Pending
from shared.kit.telemetry.metrics import HINTS_DROPPED

MAX_HINTS = 10_000
MAX_HINTED_BYTES = 32 * 1024 * 1024


class Hints:
    """Pending documents, the newest version of each; those beyond the bounds are left to the sweeper."""

    def __init__(self, *, max_documents: int, max_bytes: int) -> None:
        self._max_documents = max_documents
        self._max_bytes = max_bytes
        self._pending: dict[tuple[str, str], Pending] = {}
        self._added = asyncio.Event()
        self.size = 0
        """Bytes of all their events."""

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, pending: Pending) -> None:
        """Keep a document, unless a newer version of it is kept or a bound would be exceeded."""
        known = self._pending.get(pending.key)
        if known is not None and known.version >= pending.version:
            return
        size = self.size - (known.size if known else 0) + pending.size
        if (known is None and len(self._pending) >= self._max_documents) or size > self._max_bytes:
            HINTS_DROPPED.inc()
            return
        self._pending[pending.key] = pending
        self.size = size
        self._added.set()

    async def wait(self) -> None:
        """Wait until there is a document."""
        await self._added.wait()

    def take(self) -> list[Pending]:
        """Remove and return the oldest documents, one round at most."""
        taken: list[Pending] = []
        size = 0
        for key in list(self._pending)[:ROUND]:
            if size > ROUND_BYTES:
                break
            taken.append(self._pending.pop(key))
            size += taken[-1].size
        self.size -= size
        if not self._pending:
            self._added.clear()
        return taken
