"""Where leads are stored, and how they are listed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from crm_contracts.elements import LEAD

from services.leads.lead.domain.lead import Lead
from services.leads.stage.domain import CONVERTED
from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.nodes import All, Condition, fields_of
from shared.elements.domain.filters.query import Query
from shared.elements.domain.stages import StageSet
from shared.elements.store.filtered_lists import Count, FilteredPage
from shared.elements.store.index_table import NOT_DELETED, Choices, IndexGroup, IndexTable
from shared.elements.store.list_cursors import Place
from shared.elements.store.listing import BY_KEY, BY_TITLE, SALES_GROUPS, SALES_INDEXES, SALES_ORDERS
from shared.elements.store.lists_of_choices import ListsOfChoices
from shared.elements.store.own_stages import ElementPlaces
from shared.kit.domain import Cause, Clock
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST

_STAGE: Final = filterable_fields(LEAD)["stage_id"]

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


class LeadLists(ListsOfChoices[Lead]):
    """Filtered lists of leads, from which converted ones are hidden where leads do not stay (MODE-05)."""

    def __init__(
        self,
        leads: MongoRepository[Lead],
        choices: Callable[[], Awaitable[Choices]],
        hides_converted: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__(leads, LEAD_TABLE, choices)
        self._hides_converted = hides_converted

    async def page(self, query: Query, *, limit: int, after: Place | None = None) -> FilteredPage[Lead]:
        """Read one page: see `FilteredLists`."""
        return await super().page(await self._shown(query), limit=limit, after=after)

    async def count(self, query: Query) -> Count:
        """Count the records that pass the filter: see `FilteredLists`."""
        return await super().count(await self._shown(query))

    async def _shown(self, query: Query) -> Query:
        """Leave out what is hidden, unless the filter names a stage.

        It is a part of the filter, so that it is found by an index: nearly all leads are hidden.
        """
        if _STAGE.name in fields_of(query.filter) or not await self._hides_converted():
            return query
        return replace(query, filter=All((query.filter, Condition(_STAGE, "!=", CONVERTED.id))))


async def _never() -> bool:
    return False


def lead_lists(
    leads: MongoRepository[Lead],
    stages: Callable[[], Awaitable[StageSet]],
    *,
    hides_converted: Callable[[], Awaitable[bool]] = _never,
) -> LeadLists:
    """Make the filtered lists of leads; `stages` returns those that there are now."""

    async def choices() -> Choices:
        return lead_choices(await stages())

    return LeadLists(leads, choices, hides_converted)


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
