"""Where leads are stored, and how they are listed."""

from collections.abc import Sequence
from typing import Final

from crm_contracts.elements import LEAD

from services.leads.lead.domain.lead import Lead
from services.leads.stage.domain import LEAD_STAGES
from shared.elements.store.index_table import NOT_DELETED, Choices, IndexGroup, IndexTable
from shared.elements.store.listing import BY_KEY, BY_TITLE, SALES_GROUPS, SALES_INDEXES, SALES_ORDERS
from shared.kit.domain import Cause, Clock
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST

LEADS: Final = "leads"
RUNNING: Final = "running"
"""The index of running conversions, from before there were timers."""
LEAD_INDEXES: Final[Sequence[Index]] = (
    *SALES_INDEXES,
    Index([("stage_id", 1), *NEWEST], name="by_stage"),
)
LEAD_TABLE: Final = IndexTable(
    (*SALES_GROUPS, IndexGroup("by_stage", ("stage_id",)), *SALES_ORDERS),
    choices=Choices.of(LEAD, ({"stage_id": stage.id} for stage in LEAD_STAGES)),
    always=(NOT_DELETED,),
    collated=BY_TITLE,
    searched_by=BY_KEY,
)
"""How filtered lists of leads are found."""


async def set_missing_timers(leads: MongoRepository[Lead], *, clock: Clock) -> None:
    """Give a timer to each conversion that has run since before there were timers, by the index of that time."""
    if not await leads.collection.has_index(RUNNING):
        return
    where = {"conversion.state": "running"}
    for found in await leads.collection.find(where, fields={"_id": 1}, hint=RUNNING):
        cause = Cause(key="set missing timers", actor="service:leads", at=clock(), correlation_id=found["_id"])
        await leads.change(found["_id"], Lead.wait_for_answer, cause)
    await leads.collection.drop_index(RUNNING)
