"""Read filtered lists page by page, by indexes, and behind a budget, so that no filter can hurt (DEAL-01).

What an alternative of a filter leaves to be looked at, record by record, is looked for along an index in the order of
the list. A short look at the first records finds a page where most of them match. Where they do not, the place up to
which a page may look is read, from the index alone, and then the records up to there: so a record that changes places
meanwhile is on this page or on the next one, never between them. Where more are left than a page may look at, but some
index has few of those that pass, in whatever order, they are found by that.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from shared.elements.domain.fields import CatalogueField
from shared.elements.domain.filters.nodes import EVERYTHING, All, AnyOf, Node, Not, fields_of
from shared.elements.domain.filters.query import Order, Query
from shared.elements.store.few_records import Few, FewRecords
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.index_table import IndexTable
from shared.elements.store.key_ranges import KeyRange
from shared.elements.store.list_cursors import ListCursor, Place
from shared.elements.store.list_sorting import Placed, Read, Sorting, Span
from shared.elements.store.query_plan import PlannedBranch, planned
from shared.kit.domain import Aggregate
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository

E = TypeVar("E", bound=Aggregate)

BUDGET: Final = 20_000
"""Keys that one page may read, or one count, shared by the alternatives of its filter."""
LOOKED_AT: Final = 50
"""Keys of the budget for each record that a page looks at: a record takes as long as many keys."""
FIRST_LOOK: Final = 2
"""Records of the first look for each one that is wanted."""
LOOKS: Final = 3
"""How often a page reads along one index: the first look, the place up to which, the records up to there."""
MAX_COUNT: Final = 10_000
WITHOUT_TEXT: Final = 256
"""Bytes of a cursor in the order of a time or a number."""
WITH_TEXT: Final = 2_048
"""Bytes of a cursor in the order of a title or a name, which has 255 characters at most."""
MAX_TIME_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class FilteredPage(Generic[E]):
    """A page of a filtered list.

    Attributes:
        next: the place that the next page follows; None on the last one.
        is_complete: whether it has as many records as were asked for, or all that are left.
    """

    items: Sequence[E]
    next: Place | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Count:
    """How many records pass a filter: exactly so many, or that many and maybe more."""

    value: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Share:
    """What one alternative may read.

    Attributes:
        keys: of its indexes, altogether.
        counted: records that a count looks at, one key or more for each.
        records: records that a page looks at, or reads where an index has no more of them.
    """

    keys: int
    counted: int
    records: int


class FilteredLists(Generic[E]):
    """Filtered lists of the elements of one type."""

    def __init__(self, elements: MongoRepository[E], table: IndexTable, *, budget: int = BUDGET) -> None:
        self._elements, self._table, self._budget = elements, table, budget
        self._few = FewRecords(elements.collection, table, max_time_ms=MAX_TIME_MS)

    @property
    def noun(self) -> str:
        """Name of a record."""
        return self._elements.noun

    @property
    def orders(self) -> Sequence[str]:
        """Names of the fields that a list can be ordered by."""
        return self._table.orders

    @property
    def own_orders(self) -> Mapping[str, CatalogueField]:
        """Further orders, by fields that no record shows, of records that have one value of some fields."""
        return self._table.own_orders

    @property
    def first_order(self) -> tuple[str, str]:
        """The order of a list that is asked for in none."""
        return self._table.first_order

    @property
    def is_searched(self) -> bool:
        """Whether the list can be narrowed by a search."""
        return self._table.searched_by is not None

    async def sealed(self, cursor: ListCursor, order: Order) -> str:
        """Return a cursor as callers have it: its length says nothing of the record that it is the place of."""
        size = WITH_TEXT if Sorting(order, self._table).has_text else WITHOUT_TEXT
        return await self._elements.collection.cursors.give(*cursor.texts, size=size)

    async def opened(self, text: str, of: str) -> ListCursor:
        """Read the cursor that a caller has of the list with this digest.

        Raises:
            Invalid: it is no cursor.
            CursorOfAnotherList: it is one of another list.
        """
        return (await self._elements.collection.cursors.place(text, ListCursor.of_texts)).checked(of)

    async def page(self, query: Query, *, limit: int, after: Place | None = None) -> FilteredPage[E]:
        """Read one page.

        Raises:
            FilterTooWide: the filter has more than 8 alternatives.
        """
        if self._table.by_default:
            return await self._asked(query).page(query, limit=limit, after=after)
        order = Sorting(query.order, self._table)
        read = await self._reads(query, order, after, limit + 1)
        placed: Sequence[Placed] = order.merged(read)
        ends = [each.up_to for each in read if each.up_to is not None]
        # Beyond the place that one alternative was read up to, it may have records that were not found.
        end = order.first(ends) if ends else None
        placed = placed if end is None else order.not_beyond(placed, end)
        items = [self._elements.read(each.document) for each in placed[:limit]]
        if len(placed) > limit:
            return FilteredPage(items, placed[limit - 1].place, is_complete=True)
        return FilteredPage(items, end, is_complete=end is None or len(items) == limit)

    async def count(self, query: Query) -> Count:
        """Count the records that pass the filter, up to 10,000 and within the budget.

        Raises:
            FilterTooWide: the filter has more than 8 alternatives.
        """
        if self._table.by_default:
            return await self._asked(query).count(query)
        order = Sorting(query.order, self._table)
        branches = planned(query, self._table)
        mine = await self._readable(query, branches)
        if mine:
            number = await self._few.number(mine, EVERYTHING)
            return Count(min(number, MAX_COUNT), is_exact=number <= MAX_COUNT)
        value, is_exact, counted = 0, True, list[Node]()
        for branch in branches:
            number, is_all = await self._count(branch, order, counted, self._share(branch, len(branches)))
            value, is_exact = value + number, is_exact and is_all
            counted.append(branch.whole)
        return Count(min(value, MAX_COUNT), is_exact and value <= MAX_COUNT)

    def _asked(self, query: Query) -> "FilteredLists[E]":
        """Return the list without what is left out of it by default, unless the filter names that."""
        named = fields_of(query.filter)
        default = [node for name, node in self._table.by_default.items() if name not in named]
        table = replace(self._table, always=(*self._table.always, *default), by_default={})
        return FilteredLists(self._elements, table, budget=self._budget)

    async def _reads(self, query: Query, order: Sorting, after: Place | None, wanted: int) -> Sequence[Read]:
        """Read what each alternative has of a page."""
        branches = planned(query, self._table)
        mine = await self._readable(query, branches)
        if mine:
            return [await self._few.read(mine, order, after, wanted)]
        among = sum(each.is_looked_for for each in branches)
        reads = (self._read(each, order, after, wanted, self._share(each, among)) for each in branches)
        return await asyncio.gather(*reads)

    async def _readable(self, query: Query, branches: Sequence[PlannedBranch]) -> Sequence[Few]:
        """Return where all is that the caller may read and that passes, if that is little; nothing if it is much.

        Where hidden records would be looked at, who may read little is answered out of that alone, so no number of
        hidden ones can be told.
        """
        if query.allowed == EVERYTHING or not any(
            each.is_looked_for and query.allowed not in each.found.parts for each in branches
        ):
            return []
        most = self._budget // LOOKED_AT
        passing = (query.whole, *self._table.always)
        few = await self._few.of(query.allowed, most=most, keys=self._budget // 2)
        return [replace(each, whole=All((each.whole, *passing))) for each in few]

    async def _read(
        self, branch: PlannedBranch, order: Sorting, after: Place | None, wanted: int, share: Share
    ) -> Read:
        if branch.is_few:
            return await self._few.read(await self._few_of(branch, share), order, after, wanted)
        found = [compiled(branch.found)]
        where = order.within(found, Span(after))
        rest = self._beside(branch.rest)
        if rest is None:
            return order.read(await self._aggregate(branch, order, order.stages(where, wanted)), wanted)
        if branch.rest is None:  # almost every record that is found is what it has to be
            share = replace(share, records=max(share.records, 2 * wanted))
        look = order.stages(where, min(FIRST_LOOK * wanted, share.records), rest, wanted)
        frequent = await self._aggregate(branch, order, look)
        if len(frequent) == wanted:
            return order.read(frequent, wanted)
        ends = await self._aggregate(branch, order, order.place_stages(where, share.records))
        up_to = order.place(ends[0]) if ends else None
        few = await self._few_of(branch, share) if up_to else ()
        if few:
            return await self._few.read(few, order, after, wanted)
        where = order.within(found, Span(after, up_to))
        stages = order.stages(where, 2 * share.records, rest, wanted, up_to=up_to)
        read = order.read(await self._aggregate(branch, order, stages), wanted)
        return Read(read.placed, read.up_to or up_to)

    async def _count(
        self, branch: PlannedBranch, order: Sorting, counted: Sequence[Node], share: Share
    ) -> tuple[int, bool]:
        """Count what an alternative finds that none before it has counted, and whether that is all."""
        beside = [Not(AnyOf(tuple(counted)))] if counted else []
        rest = [*(branch.rest.parts if branch.rest else ()), *self._table.always, *beside]
        is_bounded = bool(rest) or branch.keys > 1
        if is_bounded:
            few = await self._few_of(branch, share)
            if few:
                return await self._few.number(few, All(tuple(beside))), True
        match, most = {"$match": compiled(branch.found)}, share.counted if is_bounded else MAX_COUNT + 1
        passes = compiled(All(tuple(rest)), collated=order.collation is not None)
        number: list[Document] = [{"$match": passes}, {"$count": "number"}]
        (found,) = await self._aggregate(branch, order, [match, {"$limit": most}, *number]) or [{"number": 0}]
        if not is_bounded:
            return found["number"], True
        (keys,) = await self._aggregate(branch, order, [match, {"$limit": most + 1}, {"$count": "number"}]) or [
            {"number": 0}
        ]
        return found["number"], keys["number"] <= most

    async def _few_of(self, branch: PlannedBranch, share: Share) -> Sequence[Few]:
        """Return where few records are that pass all conditions of an alternative; nothing where there are many."""
        whole = All((*branch.whole.parts, *self._table.always))
        if branch.is_few:
            return [Few(KeyRange(branch.index, branch.found), whole, branch.scans)]
        return await self._few.of(whole, most=share.records, keys=share.keys // 2)

    def _beside(self, rest: All | None) -> All | None:
        """Add to what is left of an alternative what every record of the list has to be, such as not deleted."""
        parts = (*(rest.parts if rest else ()), *self._table.always)
        return All(parts) if parts else None

    def _share(self, branch: PlannedBranch, among: int) -> Share:
        """Share the budget among so many alternatives; those of which nothing is left to be looked at need none."""
        keys = self._budget // max(1, among)
        counted = max(keys // 2, keys - LOOKS * branch.scans) // branch.keys
        records = max(1, min(keys // LOOKED_AT, counted // (LOOKS + 1)))
        return Share(keys, counted, records)

    async def _aggregate(self, branch: PlannedBranch, order: Sorting, stages: Sequence[Document]) -> list[Document]:
        return await self._elements.collection.aggregate(
            stages, hint=branch.index, max_time_ms=MAX_TIME_MS, collation=order.collation
        )
