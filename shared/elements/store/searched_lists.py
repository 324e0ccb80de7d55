"""Find the records of a list that is narrowed by a search: those of a rare word by their keys (DEAL-01).

A list has one order, whatever is searched for. Of a word that few records have, the index of keys finds them all, and
they are ordered here. A word that many records have is met often along the order of the list, so it is looked for there
as any condition that no index finds. Both ways find the same records, so that a cursor goes on by either.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from shared.elements.domain.filters.nodes import EVERYTHING, All, Condition
from shared.elements.domain.filters.query import Query
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.query_plan import IndexTable, PlannedBranch
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter

LOOKED_UP: Final = 3
"""Words of a search, the longest ones, that are looked up for one that few records have."""


async def found_by_key(
    collection: Collection, query: Query, table: IndexTable, *, most: int, max_time_ms: int
) -> PlannedBranch | None:
    """Plan the list along the keys of one word, where at most so many records have it; None where all are frequent."""
    if table.searched_by is None:
        return None
    rare = await rare_among(collection, query.sought, most=most, hint=table.searched_by, max_time_ms=max_time_ms)
    if rare is None:
        return None
    others = [each for each in query.sought if each != rare]
    filters = [each for each in (query.filter, query.allowed) if each != EVERYTHING]
    return PlannedBranch(table.searched_by, All((rare, *others, *filters, *table.always)), None, is_few=False)


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
        where: Document = {**within, **compiled(word)}
        stages: list[Document] = [{"$match": where}, {"$limit": most + 1}, {"$count": "number"}]
        found = await collection.aggregate(stages, hint=hint, max_time_ms=max_time_ms)
        if not found or found[0]["number"] <= most:
            return word
    return None


def by_length(sought: Sequence[Condition]) -> Sequence[Condition]:
    """Order the words of a search, the longest first: fewest records have it, as a rule."""
    return sorted(sought, key=_longest, reverse=True)


def _longest(sought: Condition) -> int:
    return max((len(str(each)) for each in sought.values), default=0)
