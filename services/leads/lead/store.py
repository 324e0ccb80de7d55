"""Where leads are stored, and how they are listed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from crm_contracts.elements import LEAD

from services.leads.lead.domain.lead import Lead
from services.leads.stage.domain import LEAD_STAGES
from shared.elements.store.index_table import IndexGroup, IndexTable, one_of
from shared.elements.store.listing import BY_KEY, BY_TITLE, SALES_GROUPS, SALES_INDEXES, SALES_ORDERS, ElementViews
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import NEWEST

LEADS: Final = "leads"
LEAD_INDEXES: Final[Sequence[Index]] = (
    *SALES_INDEXES,
    Index([("stage_id", 1), *NEWEST], name="by_stage"),
    Index([("conversion.asked_at", 1)], partial={"conversion.state": "running"}, name="running"),
)
LEAD_TABLE: Final = IndexTable(
    (*SALES_GROUPS, IndexGroup("by_stage", ("stage_id",)), *SALES_ORDERS),
    choices=one_of(LEAD, stage_id=(stage.id for stage in LEAD_STAGES)),
    collated=BY_TITLE,
    searched_by=BY_KEY,
)
"""How filtered lists of leads are found."""


class LeadViews(ElementViews[Lead]):
    """Reads of several leads."""

    async def silent_conversions(self, since: datetime, *, limit: int = 100) -> list[Lead]:
        """List leads whose running conversion has requested nothing since then, longest silence first."""
        where = {"conversion.state": "running", "conversion.asked_at": {"$lte": since}}
        documents = await self._elements.collection.find(where, sort=[("conversion.asked_at", 1)], limit=limit)
        return [self._elements.read(document) for document in documents]
