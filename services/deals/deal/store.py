"""Where deals are stored, and how they are listed."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.elements.store.listing import SALES_FILTERS, SALES_INDEXES
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
FILTERS: Final[Mapping[str, str]] = {**SALES_FILTERS, "pipeline_id": "pipeline_id", "lead_id": "lead_id"}
