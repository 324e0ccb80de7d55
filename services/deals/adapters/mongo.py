"""Where deals are kept, and the ways to read them other than by id.

Each list is served by one of the indexes below; the equality fields come first, then the order.
"""

from collections.abc import Mapping
from typing import Any

from services.deals.domain.deal import Deal
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST, newest_first
from shared.kit.web.auth import Caller

DEALS = "deals"
REFUSALS = "refusals"
IS_GIVEN = {"$gt": ""}
"""Any text. Not `$type`: MongoDB does not see that a query for one text is covered by that."""
DEAL_INDEXES = (
    Index([("number", 1)], unique=True, name="number"),
    Index(NEWEST, name="newest"),
    Index([("pipeline_id", 1), *NEWEST], name="by_pipeline"),
    Index([("pipeline_id", 1), ("stage_id", 1), *NEWEST], name="by_stage"),
    Index([("stage_id", 1), *NEWEST], name="by_stage_alone"),
    Index([("responsible_id", 1), *NEWEST], name="by_responsible"),
    Index([("client.company.id", 1), *NEWEST], name="by_company"),
    Index([("client.contacts.contact_id", 1), *NEWEST], name="by_contact"),
    Index([("lead_id", 1), *NEWEST], name="by_lead"),
    Index(
        [("originator_id", 1), ("origin_id", 1)],
        unique=True,
        partial={"originator_id": IS_GIVEN, "origin_id": IS_GIVEN},
        name="origin",
    ),
)
FILTERS = {
    "pipeline_id": "pipeline_id",
    "stage_id": "stage_id",
    "responsible_id": "responsible_id",
    "company_id": "client.company.id",
    "contact_id": "client.contacts.contact_id",
    "lead_id": "lead_id",
}


class DealViews:
    """Reads of several deals."""

    def __init__(self, deals: MongoRepository[Deal]) -> None:
        self._deals = deals

    async def page(
        self, wanted: Mapping[str, str | None], *, access: Caller, limit: int, cursor: str | None
    ) -> tuple[list[Deal], str | None]:
        """Deals whose fields equal what is wanted, newest first."""
        del access  # every reader reads every deal until rights per record exist (PERM)
        where: dict[str, Any] = {FILTERS[name]: value for name, value in wanted.items() if value is not None}
        documents, more = await newest_first(self._deals.collection, where, limit=limit, cursor=cursor)
        return [self._deals.read(document) for document in documents], more
