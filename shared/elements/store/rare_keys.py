"""Tell which word of a search few records have, so that they are found by their keys (CLI-03, DEAL-01)."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from shared.elements.domain.filters.nodes import Condition
from shared.elements.store.filter_compiler import compiled
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter

LOOKED_UP: Final = 3
"""Words of a search, the longest ones, that are looked up for one that few records have."""


async def rare_among(
    collection: Collection,
    sought: Sequence[Condition],
    *,
    most: int,
    hint: str,
    max_time_ms: int,
    within: Filter = MappingProxyType({}),
) -> Condition | None:
    """Find a word that at most so many records have, of those that an index has `within` what comes before its keys."""
    for word in by_length(sought)[:LOOKED_UP]:
        where = {**within, **compiled(word)}
        if await number_up_to(most + 1, collection, where, hint=hint, max_time_ms=max_time_ms) <= most:
            return word
    return None


async def number_up_to(most: int, collection: Collection, where: Filter, *, hint: str, max_time_ms: int) -> int:
    """Count the records that match, by the keys of an index, as far as that."""
    stages: list[Document] = [{"$match": where}, {"$limit": most}, {"$count": "number"}]
    (found,) = await collection.aggregate(stages, hint=hint, max_time_ms=max_time_ms) or [{"number": 0}]
    return int(found["number"])


def by_length(sought: Sequence[Condition]) -> Sequence[Condition]:
    """Order the words of a search, the longest first: fewest records have it, as a rule."""
    return sorted(sought, key=_longest, reverse=True)


def _longest(sought: Condition) -> int:
    return max((len(str(each)) for each in sought.values), default=0)
