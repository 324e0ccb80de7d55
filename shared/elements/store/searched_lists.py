"""Find the records of a list that is narrowed by a search: those of a rare word by their keys (DEAL-01).

A list has one order, whatever is searched for. Of a word that few records have, the index of keys finds them all, and
they are ordered here. A word that many records have is met often along the order of the list, so it is looked for there
as any condition that no index finds. Both ways find the same records, so that a cursor goes on by either.
"""

from typing import Final

from shared.elements.domain.filters.nodes import EVERYTHING, All, Condition
from shared.elements.domain.filters.query import Query
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.query_plan import IndexTable, PlannedBranch
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document

LOOKED_UP: Final = 3
"""Words of a search, the longest ones, that are looked up for one that few records have."""


async def found_by_key(
    collection: Collection, query: Query, table: IndexTable, *, most: int, max_time_ms: int
) -> PlannedBranch | None:
    """Plan the list along the keys of one word, where at most so many records have it; None where all are frequent."""
    if table.searched_by is None:
        return None
    for sought in sorted(query.sought, key=_longest, reverse=True)[:LOOKED_UP]:
        stages: list[Document] = [{"$match": compiled(sought)}, {"$limit": most + 1}, {"$count": "number"}]
        found = await collection.aggregate(stages, hint=table.searched_by, max_time_ms=max_time_ms)
        if not found or found[0]["number"] <= most:
            others = [each for each in query.sought if each != sought]
            filters = [each for each in (query.filter, query.allowed) if each != EVERYTHING]
            return PlannedBranch(table.searched_by, All((sought, *others, *filters, *table.always)), None, is_few=False)
    return None


def _longest(sought: Condition) -> int:
    return max((len(str(each)) for each in sought.values), default=0)
