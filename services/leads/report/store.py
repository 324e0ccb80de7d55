"""Count leads by source and by the semantic of their stages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.leads.lead.domain.lead import Lead
from services.leads.report.domain import SourceCounts
from shared.elements.domain.filters.nodes import Node
from shared.elements.store.filter_compiler import narrowed
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository

MAX_TIME_MS: Final = 5_000
_OF: Final = {"in_process": "P", "won": "S", "lost": "F"}


class LeadReports:
    """Reports over leads, read where they are written."""

    def __init__(self, leads: MongoRepository[Lead]) -> None:
        self._leads = leads.collection

    async def sources(self, begin: datetime, end: datetime, *, allowed: Node) -> Sequence[SourceCounts]:
        """Count the allowed leads that came in within a period, by their sources; those with most leads first."""
        where = {"created_at": {"$gte": begin, "$lt": end}, "deleted_at": None}
        counts = {
            name: {"$sum": {"$cond": [{"$eq": ["$stage_semantic", semantic]}, 1, 0]}} for name, semantic in _OF.items()
        }
        stages: list[Document] = [{"$match": narrowed(where, allowed)}, {"$group": {"_id": "$source_id", **counts}}]
        found = await self._leads.aggregate(stages, hint="newest", max_time_ms=MAX_TIME_MS)
        every = [SourceCounts(each["_id"], **{name: each[name] for name in counts}) for each in found]
        return sorted(every, key=lambda each: (-each.total, each.source_id or ""))
