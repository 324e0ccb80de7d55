"""Routes of pipelines."""

from fastapi import APIRouter

from services.deals.permissions import CanRead
from services.deals.pipeline.domain import DEFAULT_PIPELINE, stages_of
from shared.elements.http.stage_list import StageFilter, stages_passing
from shared.elements.schemas.stages import StageOut
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page


def build_router() -> APIRouter:
    """Make the routes; pipelines are constants so far."""
    api = router()

    @api.get("/deal-stages", tags=["stages"])
    async def stages(
        call: CanRead, pipeline_id: str = DEFAULT_PIPELINE, matching: StageFilter = None
    ) -> Page[StageOut]:
        """List the stages of a pipeline that pass a filter, in order (DEAL-07)."""
        return stages_passing(stages_of(pipeline_id), matching, now=call.cause.at)

    return api
