"""The pipelines and stages that a filter of deals may name."""

from services.deals.deal.usecases import PipelinesNow
from services.deals.pipeline.http import visible
from shared.elements.domain.filters.parsing import Choices
from shared.elements.http.query_routes import ChoicesOf
from shared.kit.web.call import Call


def choices_of(pipelines: PipelinesNow) -> ChoicesOf:
    """Tell those that the caller may know of (PERM-03)."""

    async def choices(call: Call) -> Choices:
        stages = visible(call, await pipelines.known()).stages
        return {"pipeline_id": list(stages), "stage_id": [stage.id for of in stages.values() for stage in of]}

    return choices
