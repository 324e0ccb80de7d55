"""HTTP API of pipelines and their stages."""

from functools import partial

from crm_contracts.elements import DEAL
from crm_contracts.pipelines import DEFAULT_PIPELINE
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from services.deals.permissions import CanChangeSettings, CanRead
from services.deals.pipeline.domain.errors import StageHasDeals
from services.deals.pipeline.domain.known import KnownPipelines
from services.deals.pipeline.domain.pipeline import Pipeline, code_of
from services.deals.pipeline.schemas import NewStageIn, PipelineFieldsIn, PipelineIn, PipelineOut
from services.deals.pipeline.store import OwnPipelines
from services.deals.pipeline.usecases import correct_pipeline, create_pipeline, delete_pipeline, pipeline_deletion
from shared.elements.http.rights import rights_of
from shared.elements.http.stage_list import StageFilter, stages_passing
from shared.elements.http.stage_rehearsals import DryRun, StageRehearsalOut, StageRehearsals
from shared.elements.http.stage_routes import StageRoutes
from shared.elements.schemas.stages import StageOut
from shared.elements.usecases.stages import Emptied, check_emptied
from shared.kit.domain import NotFound
from shared.kit.runs.rehearsal import Rehearsed
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call, needs, show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page


def build_router(
    *, pipelines: Repository[Pipeline], own: OwnPipelines, emptied: Emptied, rehearsals: StageRehearsals
) -> APIRouter:
    """Build the endpoints."""
    api = APIRouter()
    api.include_router(_reads(pipelines, own))
    api.include_router(_writes(pipelines, own))
    api.include_router(_deletion(pipelines, own, emptied, rehearsals))
    api.include_router(
        StageRoutes(
            "/pipelines/{pipeline_id}/stages",
            Path(alias="pipeline_id"),
            pipelines,
            needs("deals:settings"),
            NewStageIn,
            emptied,
            lambda stage_id: StageHasDeals(f"There are deals on the stage {stage_id}."),
            own.forget,
            rehearsals,
            PipelineOut,
            PipelineOut.of,
        ).build()
    )
    return api


def visible(call: Call, known: KnownPipelines) -> KnownPipelines:
    """Leave out the pipelines in which the caller may read no deals: to him they do not exist (PERM-03, PIPE-03)."""
    return known.only(lambda id_: _is_visible(call, id_))


def _is_visible(call: Call, pipeline_id: str) -> bool:
    rights = rights_of(call)
    return rights is None or rights.may_some(DEAL, "read", pipeline_id)


def _reads(pipelines: Repository[Pipeline], own: OwnPipelines) -> APIRouter:
    api = router()

    @api.get("/pipelines", tags=["pipelines"])
    async def page(call: CanRead) -> Page[PipelineOut]:
        """List the pipelines in which the caller may read deals, with their stages (PIPE-01, PIPE-03)."""
        return Page(items=[PipelineOut.of(each) for each in visible(call, await own.known())])

    @api.get("/pipelines/{pipeline_id}", tags=["pipelines"])
    async def read(pipeline_id: str, call: CanRead, response: Response) -> PipelineOut:
        """Read one pipeline with its stages."""
        if not _is_visible(call, pipeline_id):
            raise NotFound(f"There is no pipeline {pipeline_id}.")
        return _shown(await call.guard(pipelines).get(pipeline_id), response)

    @api.get("/deal-stages", tags=["stages"])
    async def stages(
        call: CanRead, pipeline_id: str = DEFAULT_PIPELINE, matching: StageFilter = None
    ) -> Page[StageOut]:
        """List the stages of a pipeline that pass a filter, in order (DEAL-07)."""
        found = visible(call, await own.known()).stages_of(pipeline_id)
        return stages_passing(found, matching, now=call.cause.at)

    return api


def _writes(pipelines: Repository[Pipeline], own: OwnPipelines) -> APIRouter:
    api = router("pipelines")

    @api.post("/pipelines", status_code=201)
    async def create(body: PipelineIn, call: CanChangeSettings, response: Response) -> PipelineOut:
        """Create a pipeline with the stages that every one begins with (PIPE-01, PIPE-02)."""
        pipeline = await create_pipeline(
            body.id or code_of(call.new_id),
            body.name,
            body.sort,
            call.cause,
            pipelines=pipelines,
            known=await own.known(),
        )
        own.forget()
        response.headers["Location"] = f"/v1/pipelines/{pipeline.id}"
        return _shown(pipeline, response, 201)

    @api.patch("/pipelines/{pipeline_id}")
    async def correct(
        pipeline_id: str, body: PipelineFieldsIn, call: CanChangeSettings, if_match: IfMatch, response: Response
    ) -> PipelineOut:
        """Update name or place of a pipeline (PIPE-01)."""
        pipeline = await correct_pipeline(
            pipeline_id, body.fields(), call.cause, pipelines=call.guard(pipelines), expected_version=if_match
        )
        own.forget()
        return _shown(pipeline, response)

    return api


def _deletion(
    pipelines: Repository[Pipeline], own: OwnPipelines, emptied: Emptied, rehearsals: StageRehearsals
) -> APIRouter:
    api = router("pipelines")

    @api.delete("/pipelines/{pipeline_id}", status_code=204, responses={200: {"model": StageRehearsalOut}})
    async def delete(
        *, pipeline_id: str, call: CanChangeSettings, if_match: IfMatch, request: Request, dry_run: DryRun = False
    ) -> Response:
        """Delete a pipeline that has no deals; the default one is always there (PIPE-04).

        With `dry_run` nothing is written: the answer says what is in it, which roles name it, and whether it could be.
        """
        if dry_run:
            check = partial(
                check_emptied,
                pipeline_id,
                call.cause,
                pipeline_deletion(pipeline_id, call.cause, emptied),
                owners=Rehearsed(pipelines, call.access),
                emptied=emptied,
                expected_version=if_match,
            )
            told = await rehearsals.tell(call, request, pipeline_id, None, check)
            return JSONResponse(told.model_dump(mode="json"))
        await delete_pipeline(
            pipeline_id, call.cause, pipelines=call.guard(pipelines), emptied=emptied, expected_version=if_match
        )
        own.forget()
        return Response(status_code=204)

    return api


def _shown(pipeline: Pipeline, response: Response, status: int = 200) -> PipelineOut:
    show_version(response, pipeline.version, status)
    return PipelineOut.of(pipeline)
