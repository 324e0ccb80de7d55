"""HTTP API of the CRM mode (MODE-01, MODE-04)."""

from dataclasses import dataclass
from typing import Protocol

from crm_contracts.settings import MODE, ModeConversion
from fastapi import APIRouter, Response

from services.leads.mode.domain import CrmMode, Switched
from services.leads.mode.schemas import ModeIn, ModeOut, PreviewIn
from services.leads.mode.store import OwnMode
from services.leads.mode.usecases import switch_mode
from services.leads.permissions import CanChangeSettings, CanRead
from services.leads.pipeline.store import PipelinesOfDeals
from shared.elements.http.rights import rights_of
from shared.kit.runs.http import started
from shared.kit.runs.run import Run
from shared.kit.runs.runner import Runner
from shared.kit.runs.schemas import StartedRunOut
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call, show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.openapi.headers import ETAG, LOCATION
from shared.kit.web.routes import is_process, router


class ConvertsLeads(Protocol):
    """Converts the leads that are active when the mode becomes Simple."""

    @property
    def runner(self) -> Runner:
        """What works at its runs."""
        ...

    def check(self, call: Call, conversion: ModeConversion) -> None:
        """Check that the caller may add some of what leads become."""
        ...

    async def start(self, mode: CrmMode) -> Run | None:
        """Start the run of the switch to this mode, once; None where nothing was switched."""
        ...

    async def preview(self, conversion: ModeConversion, call: Call) -> Run:
        """Start a dry run of the same."""
        ...


@dataclass(frozen=True, slots=True)
class Modes:
    """What the mode is read and chosen with.

    Attributes:
        allows_classic: whether the plan has Classic (MODE-02).
    """

    settings: Repository[CrmMode]
    own: OwnMode
    pipelines: PipelinesOfDeals
    leads: ConvertsLeads
    allows_classic: bool


def build_router(modes: Modes) -> APIRouter:
    """Build the endpoints."""
    api = router("settings")

    @api.get("/settings/mode", operation_id="getMode", responses={200: {"headers": ETAG}})
    async def read(call: CanRead, response: Response) -> ModeOut:
        """Read the mode (MODE-01): in `classic` leads stay until they are converted, in `simple` they are at once."""
        mode = await call.guard(modes.settings).get(MODE)
        show_version(response, mode.version)
        return ModeOut.of(mode)

    _add_choose(api, modes)
    _add_preview(api, modes)
    return api


def _add_choose(api: APIRouter, modes: Modes) -> None:
    @api.put("/settings/mode", operation_id="setMode", responses={202: {"model": ModeOut, "headers": LOCATION}})
    async def choose(body: ModeIn, response: Response, if_match: IfMatch, call: Call = CanChangeSettings) -> ModeOut:
        """Choose the mode, and what leads become where they do not stay (MODE-04 to MODE-11).

        From `classic` to `simple` new leads are converted at once from now on, and those that are active by a run, for
        the caller: 202 until that has ended, with its address in `Location`. From `simple` to `classic` nothing changes
        but for new leads.
        """
        terms, before = body.terms(await modes.pipelines.first_stages()), await modes.own.read()
        if body.mode == "simple" and before.mode == "classic":
            modes.leads.check(call, terms or before.conversion)
        mode = await switch_mode(
            body.mode,
            terms,
            Switched.by(call.cause, run_id=call.new_id, is_restricted=rights_of(call) is not None),
            call.cause,
            settings=call.guard(modes.settings),
            allows_classic=modes.allows_classic,
            expected_version=if_match,
        )
        modes.own.forget()
        run = await modes.leads.start(mode)
        show_version(response, mode.version)
        if run is not None and not run.has_ended:
            response.status_code = 202
            response.headers["Location"] = f"/v1/runs/{run.id}"
        return ModeOut.of(mode)


def _add_preview(api: APIRouter, modes: Modes) -> None:
    @api.post(
        "/settings/mode/preview",
        operation_id="previewMode",
        responses={202: {"model": StartedRunOut, "headers": LOCATION}},
    )
    @is_process  # a repeat with the same key is answered with what has become of the dry run
    async def preview(
        response: Response, body: PreviewIn | None = None, call: Call = CanChangeSettings
    ) -> StartedRunOut:
        """Tell what the switch to Simple would do to each active lead, as far as leads knows, and write nothing.

        That is a dry run: `/v1/runs/{id}/results` lists what leads would be converted, and which not, with why. Whether
        clients has duplicates to decide, only the conversion finds out.
        """
        given = None if body is None else body.conversion
        conversion = given and given.to_domain(await modes.pipelines.first_stages())
        conversion = conversion or (await modes.own.read()).conversion
        modes.leads.check(call, conversion)
        return await started(await modes.leads.preview(conversion, call), modes.leads.runner, response)
