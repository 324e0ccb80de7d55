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
        await self.reserve(kind, 1)
        return self._reserved[kind].pop()

    async def reserve(self, kind: str, count: int) -> None:
        """Have so many numbers at hand, by one command at most."""
        missing = count - len(self._reserved.get(kind, ()))
        if missing <= 0:
            return
        block = max(missing, self._block)
        counter = await self._counters.update({"_id": kind}, {"$inc": {"last": block}}, upsert=True)
        last = int(counter["last"]) if counter else 0
        # A second task may have reserved a block meanwhile: both are kept.
        self._reserved.setdefault(kind, []).extend(range(last, last - block, -1))
        self._reserved[kind].sort(reverse=True)

    async def give_back(self) -> None:
        """Let the next start go on with the unused numbers, where no other process has reserved any since."""
        for kind, numbers in self._reserved.items():
            if not numbers:
                continue
            unused = set(numbers)
            last = first = max(unused)
            while first - 1 in unused:
                first -= 1
            await self._counters.update({"_id": kind, "last": last}, {"$set": {"last": first - 1}})
        self._reserved.clear()
