"""Where leads are kept, and the ways to read them other than by id.

Each list is served by one of the indexes below; the equality fields come first, then the order.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.leads.domain.lead import Lead
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST, newest_first
from shared.kit.web.auth import Caller

LEADS = "leads"
IS_GIVEN = {"$gt": ""}
"""Any text. Not `$type`: MongoDB does not see that a query for one text is covered by that."""
LEAD_INDEXES = (
    Index([("number", 1)], unique=True, name="number"),
    Index(NEWEST, name="newest"),
    Index([("stage_id", 1), *NEWEST], name="by_stage"),
    Index([("responsible_id", 1), *NEWEST], name="by_responsible"),
    Index([("client.company.id", 1), *NEWEST], name="by_company"),
    Index([("originator_id", 1), *NEWEST], partial={"originator_id": IS_GIVEN}, name="by_originator"),
    Index([("origin_id", 1), *NEWEST], partial={"origin_id": IS_GIVEN}, name="by_origin_id"),
    Index(
        [("originator_id", 1), ("origin_id", 1)],
        unique=True,
        partial={"originator_id": IS_GIVEN, "origin_id": IS_GIVEN},
        name="origin",
    ),
    Index([("conversion.asked_at", 1)], partial={"conversion.state": "running"}, name="running"),
)
FILTERS = {
    "stage_id": "stage_id",
    "responsible_id": "responsible_id",
    "company_id": "client.company.id",
    "originator_id": "originator_id",
    "origin_id": "origin_id",
}


class LeadViews:
    """Reads of several leads."""

    def __init__(self, leads: MongoRepository[Lead]) -> None:
        self._leads = leads

    async def page(
        self, wanted: Mapping[str, str | None], *, access: Caller, limit: int, cursor: str | None
    ) -> tuple[list[Lead], str | None]:
        """Leads whose fields equal what is wanted, newest first."""
        del access  # every reader reads every lead until rights per record exist (PERM)
        where: dict[str, Any] = {FILTERS[name]: value for name, value in wanted.items() if value is not None}
        documents, more = await newest_first(self._leads.collection, where, limit=limit, cursor=cursor)
        return [self._leads.read(document) for document in documents], more

    async def by_origin(self, originator: str, origin: str) -> Lead | None:
        """The lead that came from there (CMN-14)."""
        document = await self._leads.collection.first({"originator_id": originator, "origin_id": origin})
        return None if document is None else self._leads.read(document)

    async def silent_conversions(self, since: datetime, *, limit: int = 100) -> list[Lead]:
        """Leads whose running conversion has asked nothing since then, longest silence first."""
        where = {"conversion.state": "running", "conversion.asked_at": {"$lte": since}}
        documents = await self._leads.collection.find(where, sort=[("conversion.asked_at", 1)], limit=limit)
        return [self._leads.read(document) for document in documents]
