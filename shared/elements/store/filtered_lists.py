"""Read filtered lists page by page, by indexes, and behind a budget, so that no filter can hurt (DEAL-01).

What an alternative of a filter leaves to be looked at, record by record, is looked for in two steps. A short look at
the first records along the index finds a page where matches are frequent. Where they are not, the place is read up to
which the budget reaches, from the index alone, and only then the records up to there: so a record that changes places
meanwhile is on this page or on the next one, never between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from shared.elements.domain.filters.nodes import All, AnyOf, Node, Not
from shared.elements.domain.filters.query import Query
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.list_cursors import Place
from shared.elements.store.list_sorting import SHOWN, Read, Sorting, Span
from shared.elements.store.query_plan import IndexTable, PlannedBranch, planned
from shared.elements.store.searched_lists import LOOKED_UP, found_by_key
from shared.kit.domain import Aggregate
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository

E = TypeVar("E", bound=Aggregate)

BUDGET: Final = 20_000
"""Keys that one page may read, shared by the alternatives of its filter."""
FIRST_LOOK: Final = 1_000
LOOKS: Final = 3
"""How often one alternative is looked for, at most: the first look, the place up to which, the records up to there."""
MAX_COUNT: Final = 10_000
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


class FilteredLists(Generic[E]):
    """Filtered lists of the elements of one type."""

    def __init__(self, elements: MongoRepository[E], table: IndexTable, *, budget: int = BUDGET) -> None:
        self._elements, self._table, self._budget = elements, table, budget

    @property
    def noun(self) -> str:
        """Name of a record."""
        return self._elements.noun

    @property
    def orders(self) -> Sequence[str]:
        """Names of the fields that a list can be ordered by."""
        return self._table.orders

    @property
    def first_order(self) -> tuple[str, str]:
        """The order of a list that is asked for in none."""
        return self._table.first_order

    @property
    def is_searched(self) -> bool:
        """Whether the list can be narrowed by a search."""
        return self._table.searched_by is not None

    async def page(self, query: Query, *, limit: int, after: Place | None = None) -> FilteredPage[E]:
        """Read one page.

        Raises:
            FilterTooWide: the filter has more than 8 alternatives.
        """
        order = Sorting(query.order, self._table)
        branches, budget = await self._planned(query, order)
        shares = [_share(each, branches, budget) for each in branches]
        read = [
            await self._read(each, order, after, limit + 1, share) for each, share in zip(branches, shares, strict=True)
        ]
        found = {document["_id"]: document for each in read for document in each.documents}
        documents = order.merged(found)
        ends = [each.up_to for each in read if each.up_to is not None]
        # Beyond the place that one alternative was read up to, it may have records that were not found.
        end = order.first(ends) if ends else None
        documents = documents if end is None else order.not_beyond(documents, end)
        items = [self._elements.read(document) for document in documents[:limit]]
        if len(documents) > limit:
            return FilteredPage(items, order.place(documents[limit - 1]), is_complete=True)
        return FilteredPage(items, end, is_complete=end is None or len(items) == limit)

    async def count(self, query: Query) -> Count:
        """Count the records that pass the filter, up to 10,000 and within the budget.

        Raises:
            FilterTooWide: the filter has more than 8 alternatives.
        """
        order = Sorting(query.order, self._table)
        branches, budget = await self._planned(query, order)
        value, is_exact, counted = 0, True, list[Node]()
        for branch in branches:
            number, is_all = await self._count(branch, order, counted, _share(branch, branches, budget))
            value, is_exact = value + number, is_exact and is_all
            counted.append(branch.whole)
        return Count(min(value, MAX_COUNT), is_exact and value <= MAX_COUNT)

    async def _planned(self, query: Query, order: Sorting) -> tuple[Sequence[PlannedBranch], int]:
        """Plan the alternatives, and return what is left of the budget; a search that finds few records is one."""
        branches = planned(query, self._table)
        if not query.sought or not branches or order.collation is not None:
            return branches, self._budget
        most = self._budget // (2 * LOOKED_UP)
        few = await found_by_key(self._elements.collection, query, self._table, most=most, max_time_ms=MAX_TIME_MS)
        return branches if few is None else [few], self._budget - LOOKED_UP * most

    async def _read(self, branch: PlannedBranch, order: Sorting, after: Place | None, wanted: int, budget: int) -> Read:
        if branch.is_few:
            where = order.within([compiled(branch.whole)], Span(after))
            return Read(await self._aggregate(branch, order, [{"$match": where}, SHOWN]), None)
        found = [compiled(branch.found)]
        where = order.within(found, Span(after))
        if branch.rest is None:
            return order.read(await self._aggregate(branch, order, order.stages(where, wanted)), wanted)
        look = min(FIRST_LOOK, budget // 2)
        frequent = await self._aggregate(branch, order, order.stages(where, look, branch.rest, wanted))
        if len(frequent) == wanted:
            return order.read(frequent, wanted)
        # The keys up to the place, and the records up to there, share what is left of the budget.
        most = (budget - look) // order.shares
        ends = await self._aggregate(branch, order, order.place_stages(where, most))
        up_to = order.place(ends[0]) if ends else None
        where = order.within(found, Span(after, up_to))
        stages = order.stages(where, 2 * most, branch.rest, wanted, up_to=up_to)
        read = order.read(await self._aggregate(branch, order, stages), wanted)
        return Read(read.documents, read.up_to or up_to)

    async def _count(self, branch: PlannedBranch, order: Sorting, counted: list[Node], budget: int) -> tuple[int, bool]:
        """Count what an alternative finds that none before it has counted, and whether that is all."""
        rest = [*(branch.rest.parts if branch.rest else ()), *([Not(AnyOf(tuple(counted)))] if counted else [])]
        is_bounded = bool(rest) or branch.keys > 1
        match, most = {"$match": compiled(branch.found)}, budget if is_bounded else MAX_COUNT + 1
        passes = compiled(All(tuple(rest)), collated=order.collation is not None)
        number: list[Document] = [{"$match": passes}, {"$count": "number"}]
        (found,) = await self._aggregate(branch, order, [match, {"$limit": most}, *number]) or [{"number": 0}]
        if not is_bounded or branch.is_few:
            return found["number"], True
        (keys,) = await self._aggregate(branch, order, [match, {"$limit": most + 1}, {"$count": "number"}]) or [
            {"number": 0}
        ]
        return found["number"], keys["number"] <= most

    async def _aggregate(self, branch: PlannedBranch, order: Sorting, stages: Sequence[Document]) -> list[Document]:
        return await self._elements.collection.aggregate(
            stages, hint=branch.index, max_time_ms=MAX_TIME_MS, collation=order.collation
        )


def _share(branch: PlannedBranch, branches: Sequence[PlannedBranch], budget: int) -> int:
    """Return how many records one of the alternatives may look at, so that all stay within the budget of keys."""
    keys = budget // len(branches)
    return max(keys // 2, keys - LOOKS * branch.scans) // branch.keys
