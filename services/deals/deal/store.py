"""Where deals are stored, and how they are listed."""

from collections.abc import Sequence
from typing import Final

from crm_contracts.elements import DEAL

from services.deals.pipeline.domain import PIPELINES
from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.nodes import Condition
from shared.elements.store.index_table import NOT_DELETED, IndexGroup, IndexTable, one_of
from shared.elements.store.listing import BY_KEY, BY_TITLE, IS_GIVEN, SALES_GROUPS, SALES_INDEXES, SALES_ORDERS
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import NEWEST

_IS_RECURRING: Final = filterable_fields(DEAL)["is_recurring"]

DEALS: Final = "deals"
REFUSALS: Final = "refusals"
DEAL_INDEXES: Final[Sequence[Index]] = (
    *SALES_INDEXES,
    Index([("pipeline_id", 1), ("stage_id", 1), *NEWEST], name="by_stage"),
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
        IndexGroup("by_stage", ("pipeline_id", "stage_id")),
        *SALES_ORDERS,
    ),
    choices=one_of(
        DEAL, pipeline_id=PIPELINES, stage_id=(stage.id for stages in PIPELINES.values() for stage in stages)
    ),
    always=(NOT_DELETED,),
    by_default={_IS_RECURRING.name: Condition(_IS_RECURRING, "=", operand=False)},
    collated=BY_TITLE,
    searched_by=BY_KEY,
)
"""How filtered lists of deals are found."""
