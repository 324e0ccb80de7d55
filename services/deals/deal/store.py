"""Where deals are stored, and how they are listed."""

from collections.abc import Sequence
from typing import Final

from services.deals.pipeline.domain import PIPELINES
from shared.elements.store.listing import SALES_GROUPS, SALES_INDEXES, WHOLE_GROUPS
from shared.elements.store.query_plan import IndexGroup, IndexTable
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import NEWEST

DEALS: Final = "deals"
REFUSALS: Final = "refusals"
DEAL_INDEXES: Final[Sequence[Index]] = (
    *SALES_INDEXES,
    Index([("pipeline_id", 1), *NEWEST], name="by_pipeline"),
    Index([("pipeline_id", 1), ("stage_id", 1), *NEWEST], name="by_stage"),
    Index([("stage_id", 1), *NEWEST], name="by_stage_alone"),
    Index([("lead_id", 1), *NEWEST], name="by_lead"),
)
DEAL_TABLE: Final = IndexTable(
    (
        *SALES_GROUPS,
        IndexGroup("by_lead", ("lead_id",)),
        IndexGroup("by_stage", ("pipeline_id", "stage_id")),
        IndexGroup("by_stage_alone", ("stage_id",)),
        IndexGroup("by_pipeline", ("pipeline_id",)),
        *WHOLE_GROUPS,
    ),
    choices={
        "pipeline_id": tuple(PIPELINES),
        "stage_id": tuple(dict.fromkeys(stage.id for stages in PIPELINES.values() for stage in stages)),
    },
)
"""How filtered lists of deals are found."""
