"""Find all records that pass where an index has few of them, whatever the order of the list (DEAL-01).

The keys of each range that the records are in are counted, up to a number. Where one has no more, the values that order
the list are read of all that pass, these are ordered, and then the records of the page are read by their ids. That is
the same list as is found along its order, so a cursor goes on by either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.elements.domain.filters.nodes import All, AnyOf, Node
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.index_table import IndexTable
from shared.elements.store.key_ranges import Alternative, KeyRange, alternatives_of
from shared.elements.store.list_cursors import Place
from shared.elements.store.list_sorting import SHOWN, Placed, Read, Sorting
from shared.elements.store.rare_keys import number_up_to
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document

_BY_ID: Final = "_id_"


@dataclass(frozen=True, slots=True)
class Few:
    """Few records: those of a range for which all of an alternative holds; so many are in the range."""

    range: KeyRange
    whole: All
    records: int


class FewRecords:
    """The records of a collection, where an index has few of those that are wanted."""

    def __init__(self, collection: Collection, table: IndexTable, *, max_time_ms: int) -> None:
        self._collection, self._table, self._max_time_ms = collection, table, max_time_ms

    async def of(self, node: Node, *, most: int, keys: int) -> Sequence[Few]:
        """Return ranges that have all records which pass a filter, and at most so many; none where they have more.

        Telling that and reading them takes no more than so many keys.
        """
        found, left, alternatives = list[Few](), most, alternatives_of(node, self._table)
        for each in alternatives:
            ranges = len(each.ranges)
            few = await self._few(each, left, keys // len(alternatives) // (ranges + 1))
            if few is None:
                return []
            found.append(few)
            left -= few.records
        return found

    async def _few(self, alternative: Alternative, most: int, keys: int) -> Few | None:
        for each in alternative.ranges:
            where, up_to = compiled(each.conditions), min(most, keys // each.keys) + 1
            records = await number_up_to(up_to, self._collection, where, hint=each.index, max_time_ms=self._max_time_ms)
            if records < up_to:
                return Few(each, alternative.whole, records)
        return None

    async def number(self, few: Sequence[Few], passing: Node) -> int:
        """Count those that pass a filter besides."""
        return len(await self._rows(few, {"_id": 1}, [{"$match": compiled(passing)}]))

    async def read(self, few: Sequence[Few], order: Sorting, after: Place | None, wanted: int) -> Read:
        """Read the first of those after a place.

        Each is where it was when the order was made: one that changes places meanwhile is not missing on the page.
        """
        beyond: list[Document] = [] if after is None else [{"$match": order.beyond(after)}]
        rows = await self._rows(few, order.keys, [] if order.collation else beyond)
        places = {place.id: place for place in map(order.place, rows)}
        if order.collation is None:
            first = sorted(places.values(), key=lambda one: one.key, reverse=order.is_descending)[:wanted]
        else:
            arranged = [*beyond, {"$sort": order.by}, {"$limit": wanted}, {"$project": {"_id": 1}}]
            found = await self._collection.arrange(
                rows, arranged, collation=order.collation, max_time_ms=self._max_time_ms
            )
            first = [places[each["_id"]] for each in found]
        passing = compiled(AnyOf(tuple(each.whole for each in few)))
        shown = [{"$match": {"_id": {"$in": [place.id for place in first]}, **passing}}, SHOWN]
        there = {each["_id"]: each for each in await self._aggregate(shown, _BY_ID)} if first else {}
        placed = [Placed(place, there[place.id]) for place in first if place.id in there]
        return Read(placed, first[-1] if len(first) == wanted else None)

    async def _rows(self, few: Sequence[Few], keys: Document, stages: Sequence[Document]) -> list[Document]:
        """Read of each record once the values under these keys."""
        found: dict[str, Document] = {}
        for each in few:
            within = {"$match": {"$and": [compiled(each.range.conditions), compiled(each.whole)]}}
            rows = await self._aggregate([within, *stages, {"$project": keys}], each.range.index)
            found.update((row["_id"], row) for row in rows)
        return list(found.values())

    async def _aggregate(self, stages: Sequence[Document], index: str) -> list[Document]:
        return await self._collection.aggregate(stages, hint=index, max_time_ms=self._max_time_ms)
