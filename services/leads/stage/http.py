"""Routes of stages."""

from fastapi import APIRouter

from services.leads.permissions import CanRead
from services.leads.stage.domain import LEAD_STAGES
from shared.elements.http.stage_list import StageFilter, stages_passing
from shared.elements.schemas.stages import StageOut
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page


def build_router() -> APIRouter:
    """Make the routes; stages are constants so far."""
    api = router()

    @api.get("/lead-stages", tags=["stages"])
    async def stages(call: CanRead, matching: StageFilter = None) -> Page[StageOut]:
        """List the stages of leads that pass a filter, in order (LEAD-06)."""
        return stages_passing(LEAD_STAGES, matching, now=call.cause.at)

    return api
