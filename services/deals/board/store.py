"""Count the deals of each cell, and add up the cells that a user may read (DEAL-04).

A cell keeps its deals by whether they are open to all and by currency, each of these with the marks of its deals
(`access`). So the very filter that finds the deals which a user may read finds what to add up. Marks of observers no
cell has: the deals that a user may read only because he observes them are counted apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from crm_contracts.elements import DEAL

from services.deals.board.domain import Cell, Stood, Total
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import BY_CELL, DEALS
from shared.elements.domain.filters.nodes import EVERYTHING
from shared.elements.domain.rights.accessed import Accessed, mark_of_observer
from shared.elements.domain.rights.compiled import Rights
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.filtered_lists import BUDGET, MAX_TIME_MS
from shared.elements.store.stage_history import StageHistory
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository

BOARD_CELLS: Final = "board_cells"
BOARD_INDEXES: Final = (Index([("pipeline_id", 1), ("access", 1)], name="by_access"),)
MOST_OBSERVED: Final = 1_000
"""Deals that a user observes and that are looked at."""

_KEY: Final = ("pipeline_id", "stage_id", "responsible_id")
_COUNTED: Final[Document] = {"number": {"$sum": 1}, "sum": {"$sum": "$amount.value"}}
_IS_DEAL: Final[Document] = {"$match": {"_id.is_gone": False, "_id.is_template": {"$ne": True}}}
_BY: Final[Document] = {
    "open_to_all": "$open_to_all",
    "currency": "$amount.currency",
    "is_gone": {"$gt": ["$deleted_at", None]},
    "is_template": "$is_recurring",
}

MOST_TEMPLATES: Final = 10_000
"""Templates that are left out; beyond that a count may have some."""
_BY_STAGE: Final[Document] = {"$group": {"_id": "$stage_id", "number": {"$sum": 1}}}


class DealCounts:
    """Counts of deals, by the index that has all that is counted."""

    def __init__(self, deals: MongoRepository[Deal]) -> None:
        self._deals = deals.collection

    async def recount(self, cell: Cell) -> Mapping[str, Any] | None:
        """Count the deals of a cell."""
        found = await self._grouped(*self.stages(cell))
        counts = [_counted(cell, each) for each in found]
        access = sorted({mark for each in counts for mark in each["access"]})
        return {"counts": counts, "access": access} if counts else None

    @staticmethod
    def stages(cell: Cell) -> Sequence[Document]:
        """Return how the deals of a cell are counted."""
        where = {name: {"$eq": cell[name]} for name in _KEY}
        return [{"$match": where}, {"$group": {"_id": _BY, **_COUNTED}}, _IS_DEAL]

    async def cells(self) -> Sequence[Cell]:
        """Return all cells that have deals."""
        found = await self._grouped({"$group": {"_id": {name: f"${name}" for name in _KEY}}})
        return [each["_id"] for each in found]

    async def _grouped(self, *stages: Document) -> list[Document]:
        return await self._deals.aggregate(stages, hint=BY_CELL)


class BoardTotals:
    """Numbers and sums of the deals of a pipeline, by stage."""

    def __init__(self, cells: Collection, deals: MongoRepository[Deal]) -> None:
        self._cells, self._deals = cells, deals.collection

    async def of(self, pipeline_id: str, stages: Iterable[str], rights: Rights | None) -> Mapping[str, Total]:
        """Add up of each stage what a user with these rights may read; None of one who may read all."""
        rows = await self._in_cells(pipeline_id, rights)
        is_exact = True
        if rights is not None:
            observed, is_exact = await self._observed(pipeline_id, rights)
            rows += observed
        return _totals(rows, stages, is_exact=is_exact)

    async def _in_cells(self, pipeline_id: str, rights: Rights | None) -> list[Document]:
        allowed = EVERYTHING if rights is None else rights.filter(DEAL, "read")
        here = {"$match": {"$and": [{"pipeline_id": {"$eq": pipeline_id}}, compiled(allowed)]}}
        stages: list[Document] = [here, {"$unwind": "$counts"}]
        if allowed != EVERYTHING:  # a cell that passes may have deals that do not: it has the marks of all of them
            marked = {"pipeline_id": "$pipeline_id", "stage_id": "$stage_id", "access": "$counts.access"}
            stages += [{"$project": {**marked, "counts": 1}}, {"$match": compiled(allowed)}]
        by = {"stage_id": "$stage_id", "currency": "$counts.currency"}
        group = {"_id": by, "number": {"$sum": "$counts.number"}, "sum": {"$sum": "$counts.sum"}}
        return await self._cells.aggregate([*stages, {"$group": group}], max_time_ms=MAX_TIME_MS)

    async def _observed(self, pipeline_id: str, rights: Rights) -> tuple[list[Document], bool]:
        """Count the deals that a user may read because he observes them, and return whether that is all."""
        mine = {"$match": {"access": {"$eq": mark_of_observer(rights.user_id)}}}
        here = {"$match": {"pipeline_id": {"$eq": pipeline_id}}}
        by = {"stage_id": "$stage_id", "responsible_id": "$responsible_id", **_BY}
        counted: list[Document] = [{"$limit": MOST_OBSERVED}, here, {"$group": {"_id": by, **_COUNTED}}, _IS_DEAL]
        found = await self._deals.aggregate([mine, *counted], hint="by_access", max_time_ms=MAX_TIME_MS)
        looked: list[Document] = [{"$limit": MOST_OBSERVED + 1}, {"$count": "number"}]
        (number,) = await self._deals.aggregate([mine, *looked], hint="by_access") or [{"number": 0}]
        apart = [each for each in found if not _is_in_cells(pipeline_id, each["_id"], rights)]
        return apart, number["number"] <= MOST_OBSERVED


class PastBoards:
    """Counts of the deals that stood on each stage at a moment in the past, by the stage history.

    Who may read a deal is judged by what the deal is today: who was responsible for it then is not known. Deals that
    were deleted since have no history, so they are not counted. Nor are amounts of the past known.
    """

    def __init__(self, history: StageHistory, deals: MongoRepository[Deal]) -> None:
        self._history, self._deals = history, deals.collection

    async def of(self, pipeline_id: str, before: datetime, rights: Rights | None) -> Stood:
        """Count by stage the deals that stood there until a moment, and that a user with these rights may read now.

        Who has no rights may read all, and for that the index has all that is counted. Else each deal is looked at, as
        many as a page of a list may look at keys.
        """
        if rights is None:
            templates = await self._templates()
            stages: list[Document] = [{"$match": {"owner_id": {"$nin": templates}}}]
            is_exact = len(templates) < MOST_TEMPLATES
        else:
            stages, is_exact = self._readable(rights), await self._is_within_budget(pipeline_id, before)
        found = await self._history.standing(pipeline_id, before, [*stages, _BY_STAGE], max_time_ms=MAX_TIME_MS)
        return Stood({each["_id"]: each["number"] for each in found}, is_exact)

    async def _is_within_budget(self, pipeline_id: str, before: datetime) -> bool:
        looked: list[Document] = [{"$limit": BUDGET + 1}, {"$count": "number"}]
        found = await self._history.standing(pipeline_id, before, looked, max_time_ms=MAX_TIME_MS)
        return not found or found[0]["number"] <= BUDGET

    async def _templates(self) -> list[str]:
        """Return ids of templates, which have a history and are no deals (DEAL-14), also of what is elsewhere now."""
        found = await self._deals.find(
            {"is_recurring": True}, limit=MOST_TEMPLATES, fields={"_id": 1}, hint="templates"
        )
        return [each["_id"] for each in found]

    @staticmethod
    def _readable(rights: Rights) -> list[Document]:
        """Leave in the deals that may be read, by their ids."""
        may = {"$and": [{"deleted_at": None, "is_recurring": {"$ne": True}}, compiled(rights.filter(DEAL, "read"))]}
        deal = {"from": DEALS, "localField": "owner_id", "foreignField": "_id", "as": "deal"}
        looked_up = {"$lookup": {**deal, "pipeline": [{"$match": may}, {"$project": {"_id": 1}}]}}
        return [{"$limit": BUDGET}, looked_up, {"$match": {"deal": {"$ne": []}}}]


def _counted(cell: Cell, row: Document) -> Document:
    """Make what a cell keeps of the deals that are alike, with their marks."""
    by = row["_id"]
    access = Accessed(responsible_id=cell["responsible_id"], open_to_all=by["open_to_all"]).marks
    return {"access": list(access), "currency": by["currency"], "number": row["number"], "sum": row["sum"]}


def _is_in_cells(pipeline_id: str, by: Document, rights: Rights) -> bool:
    """Return whether the user may read these deals even if he did not observe them."""
    alike = Accessed(
        responsible_id=by["responsible_id"],
        open_to_all=by["open_to_all"],
        pipeline_id=pipeline_id,
        stage_id=by["stage_id"],
    )
    return rights.may(DEAL, "read", alike)


def _totals(rows: Iterable[Document], stages: Iterable[str], *, is_exact: bool) -> Mapping[str, Total]:
    numbers: defaultdict[str, int] = defaultdict(int)
    sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        stage_id, currency = row["_id"]["stage_id"], row["_id"]["currency"]
        numbers[stage_id] += row["number"]
        sums[stage_id][currency] += row["sum"]
    return {each: Total(numbers[each], dict(sorted(sums[each].items())), is_exact) for each in stages}
