"""Filtered lists of elements with fields of which the values are data, such as pipelines and their stages."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from shared.elements.domain.filters.query import Query
from shared.elements.store.filtered_lists import Count, FilteredLists, FilteredPage
from shared.elements.store.index_table import Choices, IndexTable
from shared.elements.store.list_cursors import Place
from shared.kit.domain import Aggregate
from shared.kit.storage.mongo_repository import MongoRepository

E = TypeVar("E", bound=Aggregate)


class ListsOfChoices(FilteredLists[E]):
    """Filtered lists that are planned with the choices that there are at the moment."""

    def __init__(
        self, elements: MongoRepository[E], table: IndexTable, choices: Callable[[], Awaitable[Choices]]
    ) -> None:
        """Plan them over a table without choices; `choices` reads these."""
        super().__init__(elements, table)
        self._choices = choices

    async def page(self, query: Query, *, limit: int, after: Place | None = None) -> FilteredPage[E]:
        """Read one page: see `FilteredLists`."""
        return await (await self._now()).page(query, limit=limit, after=after)

    async def count(self, query: Query) -> Count:
        """Count the records that pass the filter: see `FilteredLists`."""
        return await (await self._now()).count(query)

    async def _now(self) -> FilteredLists[E]:
        return FilteredLists(self._elements, replace(self._table, choices=await self._choices()))
