"""Issue the serial numbers of elements in blocks (CMN-03)."""

from shared.kit.storage.collection import Collection


class Numbers:
    """Serial numbers by kind, reserved in blocks: unique, with gaps, not strictly rising (CMN-03)."""

    def __init__(self, counters: Collection, *, block: int = 50) -> None:
        self._counters = counters
        self._block = block
        self._reserved: dict[str, list[int]] = {}

    async def next(self, kind: str) -> int:
        """Return the next number of this process's block, reserving a new block every 50 numbers."""
        if not self._reserved.get(kind):
            counter = await self._counters.update({"_id": kind}, {"$inc": {"last": self._block}}, upsert=True)
            last = int(counter["last"]) if counter else 0
            # A second task may have reserved a block meanwhile: both are kept.
            self._reserved.setdefault(kind, []).extend(range(last, last - self._block, -1))
            self._reserved[kind].sort(reverse=True)
        return self._reserved[kind].pop()
