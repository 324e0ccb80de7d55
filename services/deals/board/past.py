"""Count the deals that stood on each stage of a pipeline at a moment in the past, by the stage history (DEAL-04).

Who may read a deal is judged by what the deal is today: who was responsible for it then is not known. Deals that were
deleted since have no history, so they are not counted. Nor are amounts of the past known.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from crm_contracts.elements import DEAL

from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEALS
from shared.elements.domain.rights.compiled import Rights
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.filtered_lists import BUDGET, MAX_TIME_MS
from shared.elements.store.stage_history import StageHistory
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository

MOST_TEMPLATES: Final = 10_000
"""Templates of a pipeline that are left out; beyond that a count may have some."""
_BY_STAGE: Final[Document] = {"$group": {"_id": "$stage_id", "number": {"$sum": 1}}}


class Stood(NamedTuple):
    """How many deals stood on each stage; there may have been more."""

    numbers: Mapping[str, int]
    is_exact: bool


class PastBoards:
    """Counts of the past."""

    def __init__(self, history: StageHistory, deals: MongoRepository[Deal]) -> None:
        self._history, self._deals = history, deals.collection

    async def of(self, pipeline_id: str, before: datetime, rights: Rights | None) -> Stood:
        """Count by stage the deals that stood there until a moment, and that a user with these rights may read now.

        Who has no rights may read all, and for that the index has all that is counted. Else each deal is looked at, as
        many as a page of a list may look at keys.
        """
        if rights is None:
            templates = await self._templates(pipeline_id)
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

    async def _templates(self, pipeline_id: str) -> list[str]:
        """Return ids of the templates of a pipeline, which have a history and are no deals (DEAL-14)."""
        found = await self._deals.find(
            {"is_recurring": True, "pipeline_id": pipeline_id},
            limit=MOST_TEMPLATES,
            fields={"_id": 1},
            hint="templates",
        )
        return [each["_id"] for each in found]

    @staticmethod
    def _readable(rights: Rights) -> list[Document]:
        """Leave in the deals that may be read, by their ids."""
        may = {"$and": [{"deleted_at": None, "is_recurring": {"$ne": True}}, compiled(rights.filter(DEAL, "read"))]}
        deal = {"from": DEALS, "localField": "owner_id", "foreignField": "_id", "as": "deal"}
        looked_up = {"$lookup": {**deal, "pipeline": [{"$match": may}, {"$project": {"_id": 1}}]}}
        return [{"$limit": BUDGET}, looked_up, {"$match": {"deal": {"$ne": []}}}]
