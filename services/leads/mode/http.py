"""HTTP API of the CRM mode (MODE-01, MODE-04)."""

from crm_contracts.settings import MODE
from fastapi import APIRouter, Response

from services.leads.mode.domain import CrmMode
from services.leads.mode.schemas import ModeIn, ModeOut
from services.leads.mode.store import OwnMode
from services.leads.mode.usecases import switch_mode
from services.leads.permissions import CanChangeSettings, CanRead
from services.leads.pipeline.store import PipelinesOfDeals
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call, show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.openapi.headers import ETAG
from shared.kit.web.routes import router


def build_router(
    *, settings: Repository[CrmMode], own: OwnMode, pipelines: PipelinesOfDeals, allows_classic: bool
) -> APIRouter:
    """Build the endpoints."""
    api = router("settings")

    @api.get("/settings/mode", responses={200: {"headers": ETAG}})
    async def read(call: CanRead, response: Response) -> ModeOut:
        """Read the mode (MODE-01): in `classic` leads stay until they are converted, in `simple` they are at once."""
        return _shown(await call.guard(settings).get(MODE), response)

    @api.put("/settings/mode")
    async def choose(body: ModeIn, response: Response, if_match: IfMatch, call: Call = CanChangeSettings) -> ModeOut:
        """Choose the mode, and what leads become where they do not stay (MODE-04 to MODE-11).

        From `simple` to `classic` nothing changes but for new leads.
        """
        found = await switch_mode(
            body.mode,
            body.terms(await pipelines.first_stages()),
            call.cause,
            settings=call.guard(settings),
            allows_classic=allows_classic,
            expected_version=if_match,
        )
        own.forget()
        return _shown(found, response)

    return api


def _shown(mode: CrmMode, response: Response) -> ModeOut:
    show_version(response, mode.version)
    return ModeOut.of(mode)
