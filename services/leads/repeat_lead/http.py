"""HTTP API of the settings of leads."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.leads.permissions import CanChangeSettings, CanRead
from services.leads.repeat_lead.domain import LEADS, LeadSettings
from services.leads.repeat_lead.schemas import LeadSettingsIn, LeadSettingsOut
from services.leads.repeat_lead.store import OwnLeadSettings
from services.leads.repeat_lead.usecases import set_lead_settings
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call, show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.openapi.headers import ETAG
from shared.kit.web.routes import router


def build_router(*, settings: Repository[LeadSettings], own: OwnLeadSettings) -> APIRouter:
    """Build the endpoints."""
    api = router("settings")

    @api.get("/settings/leads", operation_id="getLeadSettings", responses={200: {"headers": ETAG}})
    async def read(call: CanRead, response: Response) -> LeadSettingsOut:
        """Read the settings of leads (LEAD-05)."""
        return _shown(await call.guard(settings).get(LEADS), response)

    @api.put("/settings/leads", operation_id="setLeadSettings", responses={200: {"headers": ETAG}})
    async def put(
        body: LeadSettingsIn, call: Annotated[Call, CanChangeSettings], if_match: IfMatch, response: Response
    ) -> LeadSettingsOut:
        """Set the settings of leads; leads that came in before a change stay as they are (LEAD-05)."""
        found = await set_lead_settings(
            call.cause,
            repeat_leads_enabled=body.repeat_leads_enabled,
            settings=call.guard(settings),
            expected_version=if_match,
        )
        own.forget()
        return _shown(found, response)

    return api


def _shown(settings: LeadSettings, response: Response) -> LeadSettingsOut:
    show_version(response, settings.version)
    return LeadSettingsOut.of(settings)
