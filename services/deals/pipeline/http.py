"""Routes of pipelines."""

from crm_contracts.elements import DEAL
from fastapi import APIRouter

from services.deals.permissions import CanRead
from services.deals.pipeline.domain import DEFAULT_PIPELINE, PIPELINES, stages_of
from shared.elements.domain.stages import StageSet
from shared.elements.http.rights import rights_of
from shared.elements.http.stage_list import StageFilter, stages_passing
from shared.elements.schemas.stages import StageOut
from shared.kit.web.call import Call
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
        return stages_passing(stages_for(call, pipeline_id), matching, now=call.cause.at)

    return api


def stages_for(call: Call, pipeline_id: str) -> StageSet:
    """Find the stages of a pipeline in which the caller may read deals; to others it does not exist (PERM-03).

    Raises:
        PipelineNotFound: there is none of this code for the caller.
    """
    rights = rights_of(call)
    return stages_of(pipeline_id, [each for each in PIPELINES if rights is None or rights.may_some(DEAL, "read", each)])
