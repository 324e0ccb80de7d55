"""A collection that remembers how MongoDB answers filtered lists, and readers of all their pages."""

from collections.abc import Sequence
from typing import Any, TypeVar

from shared.elements.domain.filters.query import Query
from shared.elements.store.filtered_lists import FilteredLists
from shared.kit.domain import Aggregate
from shared.kit.storage.codecs import CODEC
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Collation
from shared.kit.web.auth import Caller
from tests.builders.causes import ANNA
from tests.builders.running import _stages

A = TypeVar("A", bound=Aggregate)

READER = Caller(actor=ANNA, roles=frozenset({"reader"}), scopes=frozenset())


class Examined(Collection):
    """A collection that remembers how MongoDB answers each pipeline, and how many keys it reads for that."""

    def __init__(self, of: Collection) -> None:
        super().__init__(of._inner, of.cursors)
        self.stages: set[str] = set()
        self.indexes: set[str] = set()
        self.keys = 0

    async def aggregate(
        self,
        pipeline: Sequence[Document],
        *,
        hint: str | None = None,
        max_time_ms: int | None = None,
        collation: Collation | None = None,
    ) -> list[Document]:
        asked: Document = {"aggregate": self.name, "pipeline": list(pipeline), "hint": hint, "cursor": {}}
        if collation is not None:
            asked["collation"] = collation
        plan = await self._inner.database.command("explain", asked, verbosity="executionStats", codec_options=CODEC)
        cursor = plan["stages"][0]["$cursor"] if "stages" in plan else plan
        self.stages |= _stages(cursor["queryPlanner"]["winningPlan"])
        self.indexes |= {str(hint)}
        self.keys += cursor["executionStats"]["totalKeysExamined"]
        return await super().aggregate(pipeline, hint=hint, max_time_ms=max_time_ms, collation=collation)

    def assert_served_by_indexes(self, what: Any = None) -> None:
        """Neither the whole collection is read, nor anything sorted in memory."""
        assert not self.stages & {"COLLSCAN", "SORT"}, what
        assert self.stages & {"IXSCAN", "IDHACK", "EOF"}, what


async def every_page(lists: FilteredLists[A], query: Query, limit: int) -> list[str]:
    """The ids of all pages; one that is not full says that it is not complete, but the last."""
    found: list[str] = []
    page = await lists.page(query, limit=limit)
    while page.next is not None:
        assert page.is_complete == (len(page.items) == limit)
        found += [record.id for record in page.items]
        page = await lists.page(query, limit=limit, after=page.next)
    assert page.is_complete
    return found + [record.id for record in page.items]
