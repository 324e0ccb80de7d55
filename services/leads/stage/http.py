"""HTTP API of the stages of leads."""

from collections.abc import Iterable

from crm_contracts.pipelines import Stage
from fastapi import APIRouter, Depends, Response

from services.leads.permissions import CanChangeSettings, CanRead
from services.leads.stage.domain import LEAD_STAGE, LeadStages, StageHasLeads
from services.leads.stage.schemas import NewStageIn
from services.leads.stage.store import OwnLeadStages
from shared.elements.http.stage_list import StageFilter, stages_passing
from shared.elements.http.stage_rehearsals import StageRehearsals
from shared.elements.http.stage_routes import StageRoutes
from shared.elements.schemas.stages import StageOut
from shared.elements.usecases.stages import Emptied
from shared.kit.storage.repository import Repository
from shared.kit.web.call import show_version
from shared.kit.web.openapi.headers import ETAG
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page


def build_router(
    *, stages: Repository[LeadStages], own: OwnLeadStages, emptied: Emptied, rehearsals: StageRehearsals
) -> APIRouter:
    """Build the endpoints."""
    api = APIRouter()
    api.include_router(_reads(stages))
    api.include_router(
        StageRoutes(
            "/lead-stages",
            Depends(_the_only_one),
            stages,
            CanChangeSettings,
            NewStageIn,
            emptied,
            lambda stage_id: StageHasLeads(f"There are leads on the stage {stage_id}."),
            own.forget,
            rehearsals,
            Page[StageOut],
            lambda left: _page(left.stage_set),
        ).build()
    )
    return api


def _reads(stages: Repository[LeadStages]) -> APIRouter:
    api = router("stages")

    @api.get("/lead-stages", responses={200: {"headers": ETAG}})
    async def page(call: CanRead, response: Response, matching: StageFilter = None) -> Page[StageOut]:
        """List the stages of leads that pass a filter, in order (LEAD-06); the ETag is that of all of them."""
        found = await call.guard(stages).get(LEAD_STAGE)
        show_version(response, found.version)
        return stages_passing(found.stage_set, matching, now=call.cause.at)

    return api


async def _the_only_one() -> str:
    return LEAD_STAGE


def _page(stages: Iterable[Stage]) -> Page[StageOut]:
    return Page(items=[StageOut.of(stage) for stage in stages])
