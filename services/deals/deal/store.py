"""Where deals are stored, and how they are listed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from crm_contracts.elements import DEAL

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.rank import TOP
from shared.elements.domain.fields import CatalogueField, filterable_fields
from shared.elements.domain.filters.nodes import Condition
from shared.elements.domain.stages import StageSet
from shared.elements.store.index_table import NOT_DELETED, Choices, IndexGroup, IndexTable
from shared.elements.store.listing import BY_KEY, BY_TITLE, IS_GIVEN, SALES_GROUPS, SALES_INDEXES, SALES_ORDERS
from shared.elements.store.lists_of_choices import ListsOfChoices
from shared.elements.store.own_stages import ElementPlaces
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST

_IS_RECURRING: Final = filterable_fields(DEAL)["is_recurring"]

RANK: Final = CatalogueField.unlisted("rank", "string", "=")
"""How the cards of a stage are arranged by hand (DEAL-04)."""
DEALS: Final = "deals"
REFUSALS: Final = "refusals"
BY_STAGE: Final = "by_stage"
BY_CELL: Final = "by_cell"
BY_RANK: Final = "by_rank"
DEAL_INDEXES: Final[Sequence[Index]] = (
    *SALES_INDEXES,
    Index([("pipeline_id", 1), ("stage_id", 1), *NEWEST], name=BY_STAGE),
    Index(
        [
            *(("pipeline_id", 1), ("stage_id", 1), ("responsible_id", 1)),
            *(("open_to_all", 1), ("amount.currency", 1), ("amount.value", 1), ("is_recurring", 1), ("deleted_at", 1)),
        ],
        name=BY_CELL,
    ),
    Index([("pipeline_id", 1), ("stage_id", 1), ("rank", 1), ("_id", 1)], name=BY_RANK),
    Index([("lead_id", 1), *NEWEST], name="by_lead"),
    Index([("template_id", 1), *NEWEST], partial={"template_id": IS_GIVEN}, name="by_template"),
    Index([("is_recurring", 1), *NEWEST], partial={"is_recurring": True}, name="templates"),
)
DEAL_TABLE: Final = IndexTable(
    (
        *SALES_GROUPS,
        IndexGroup("by_lead", ("lead_id",)),
        IndexGroup("by_template", ("template_id",), is_partial=True),
        IndexGroup("templates", ("is_recurring",), is_partial=True),
        IndexGroup(BY_STAGE, ("pipeline_id", "stage_id")),
        *SALES_ORDERS,
    ),
    always=(NOT_DELETED,),
    by_default={_IS_RECURRING.name: Condition(_IS_RECURRING, "=", operand=False)},
    within=(IndexGroup(BY_RANK, ("pipeline_id", "stage_id"), order=RANK.name),),
    own_orders={RANK.name: RANK},
    nullable=frozenset({RANK.name}),
    collated=BY_TITLE,
    searched_by=BY_KEY,
)
"""How filtered lists of deals are found; its choices are data (`deal_choices`)."""


def deal_choices(stages: Mapping[str, StageSet]) -> Choices:
    """Make the choices of pipelines and stages, of the stages of each pipeline."""
    return Choices.of(DEAL, ({"pipeline_id": id_, "stage_id": stage.id} for id_, of in stages.items() for stage in of))


def deal_lists(
    deals: MongoRepository[Deal], stages: Callable[[], Awaitable[Mapping[str, StageSet]]]
) -> ListsOfChoices[Deal]:
    """Make the filtered lists of deals; `stages` returns those of each pipeline as they are now."""

    async def choices() -> Choices:
        return deal_choices(await stages())

    return ListsOfChoices(deals, DEAL_TABLE, choices)


def deal_places(deals: MongoRepository[Deal]) -> ElementPlaces:
    """Make what finds deals by pipeline and stage."""
    return ElementPlaces(deals, BY_STAGE, owner="pipeline_id")


class Arrangement:
    """How the cards of a stage are arranged."""

    def __init__(self, deals: MongoRepository[Deal]) -> None:
        self._deals = deals.collection

    async def next_to(self, deal: Deal, but: str, *, is_above: bool) -> str | None:
        """Return the place of the card just above a deal, or just below it; the one that is being moved is none.

        Templates and tombstones have places as well: none of them is shown, and they are in no order that people see.
        """
        side, direction = ("$lt", -1) if is_above else ("$gt", 1)
        here = {"pipeline_id": deal.pipeline_id, "stage_id": deal.stage_id, "rank": {side: deal.rank}}
        sort = [("rank", direction), ("_id", direction)]
        found = await self._deals.find(here, sort=sort, limit=2, fields={"rank": 1}, hint=BY_RANK)
        return next((each["rank"] for each in found if each["_id"] != but), None)

    async def rank_all(self) -> None:
        """Give the deals that have none the place of when they came to their stages; done before, it finds none."""
        places = await self._deals.aggregate(
            [{"$group": {"_id": {"pipeline_id": "$pipeline_id", "stage_id": "$stage_id"}}}], hint=BY_CELL
        )
        came: Document = {"$toLong": {"$ifNull": ["$moved_at", "$created_at"]}}
        rank: Document = {"$toString": {"$subtract": [TOP, came]}}
        for place in places:
            await self._deals.update_all({**place["_id"], "rank": None}, [{"$set": {"rank": rank}}])
