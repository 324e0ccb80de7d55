"""Routes of pipelines."""

from fastapi import APIRouter

from services.deals.permissions import CanRead
from services.deals.pipeline.domain import DEFAULT_PIPELINE, stages_of
from shared.elements.schemas.stages import StageOut
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page


def build_router() -> APIRouter:
    """Make the routes; pipelines are constants so far."""
    api = router()

    @api.get("/deal-stages", tags=["stages"])
    async def stages(_: CanRead, pipeline_id: str = DEFAULT_PIPELINE) -> Page[StageOut]:
        """List the stages of a pipeline, in order (DEAL-07)."""
        return Page(items=[StageOut.of(stage) for stage in stages_of(pipeline_id)])

    return api
