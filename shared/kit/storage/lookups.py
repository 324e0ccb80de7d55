"""Find documents by fields that no two of them share, such as an origin; concurrent look-ups are one query."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from copy import deepcopy

from shared.kit.storage.batching import Batcher
from shared.kit.storage.collection import GROUP, Collection
from shared.kit.storage.documents import Document, Filter

Key = tuple[str, str]


class Lookup:
    """Finds documents by two fields, of which many look-ups have the first in common."""

    def __init__(self, collection: Collection, first: str, second: str) -> None:
        self._collection = collection
        self._first = first
        self._second = second
        self._finds: Batcher[Key, Document | None] = Batcher(self._find_each, most=GROUP)

    async def find(self, first: str, second: str) -> Document | None:
        """Find the document with these values, or None."""
        return await self._finds.load((first, second))

    async def _find_each(self, keys: Sequence[Key]) -> list[Document | Exception | None]:
        wanted: dict[str, set[str]] = defaultdict(set)
        callers = Counter(keys)
        for first, second in callers:
            wanted[first].add(second)
        ways: list[Filter] = [
            {self._first: first, self._second: {"$in": sorted(seconds)}} for first, seconds in wanted.items()
        ]
        documents = await self._collection.find(ways[0] if len(ways) == 1 else {"$or": ways})
        found = {(document[self._first], document[self._second]): document for document in documents}
        # Each caller gets a copy of its own.
        return [found.get(key) if callers[key] == 1 else deepcopy(found.get(key)) for key in keys]
