"""Where leads are stored, and how they are listed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from crm_contracts.elements import LEAD

from services.leads.lead.domain.lead import Lead
from shared.elements.domain.stages import StageSet
from shared.elements.store.index_table import NOT_DELETED, Choices, IndexGroup, IndexTable
from shared.elements.store.listing import BY_KEY, BY_TITLE, SALES_GROUPS, SALES_INDEXES, SALES_ORDERS
from shared.elements.store.lists_of_choices import ListsOfChoices
from shared.elements.store.own_stages import ElementPlaces
from shared.kit.domain import Cause, Clock
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST

LEADS: Final = "leads"
BY_STAGE: Final = "by_stage"
RUNNING: Final = "running"
"""The index of running conversions, from before there were timers."""
LEAD_INDEXES: Final[Sequence[Index]] = (
    *SALES_INDEXES,
    Index([("stage_id", 1), *NEWEST], name=BY_STAGE),
)
LEAD_TABLE: Final = IndexTable(
    (*SALES_GROUPS, IndexGroup(BY_STAGE, ("stage_id",)), *SALES_ORDERS),
    always=(NOT_DELETED,),
    collated=BY_TITLE,
    searched_by=BY_KEY,
)
"""How filtered lists of leads are found; its choices are data (`lead_choices`)."""


def lead_choices(stages: StageSet) -> Choices:
    """Make the choices of stages."""
    return Choices.of(LEAD, ({"stage_id": stage.id} for stage in stages))


def lead_lists(leads: MongoRepository[Lead], stages: Callable[[], Awaitable[StageSet]]) -> ListsOfChoices[Lead]:
    """Make the filtered lists of leads; `stages` returns those that there are now."""

    async def choices() -> Choices:
        return lead_choices(await stages())

    return ListsOfChoices(leads, LEAD_TABLE, choices)


def lead_places(leads: MongoRepository[Lead]) -> ElementPlaces:
    """Make what finds leads by their stage."""
    return ElementPlaces(leads, BY_STAGE)


async def has_any_lead(leads: MongoRepository[Lead]) -> bool:
    """Return whether there is a lead, deleted ones included."""
    return bool(await leads.collection.find({}, fields={"_id": 1}, limit=1, hint="_id_"))


async def set_missing_timers(leads: MongoRepository[Lead], *, clock: Clock) -> None:
    """Give a timer to each conversion that has run since before there were timers, by the index of that time."""
    if not await leads.collection.has_index(RUNNING):
        return
    where = {"conversion.state": "running"}
    for found in await leads.collection.find(where, fields={"_id": 1}, hint=RUNNING):
        cause = Cause(key="set missing timers", actor="service:leads", at=clock(), correlation_id=found["_id"])
        await leads.change(found["_id"], Lead.wait_for_answer, cause)
    await leads.collection.drop_index(RUNNING)
