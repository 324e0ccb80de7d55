"""Routes of companies."""

from fastapi import APIRouter, Response

from services.clients.permissions import CanRead, CanWrite
from services.clients.records.domain.company import Company
from services.clients.records.http.handlers import ENTER, RecordHandlers
from services.clients.records.http.record_routes import add_record_routes
from services.clients.records.schemas.records import (
    CompanyFieldsIn,
    CompanyIn,
    CompanyOut,
    CompanyUpsertIn,
    ContactOut,
    NewCompanyOut,
)
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page

MAX_SHOWN = 500


def companies_router(handlers: RecordHandlers[Company, CompanyOut]) -> APIRouter:
    """Build the routes of companies."""
    api = router("companies")

    @api.put("/companies/external/{originator}/{origin:path}", responses={201: {"model": CompanyOut}})
    async def upsert(
        originator: str, origin: str, body: CompanyUpsertIn, call: CanWrite, response: Response
    ) -> CompanyOut:
        """Create or correct the company of this origin (CMN-14, CONT-08)."""
        return await handlers.upsert(originator, origin, body, call, response)

    add_record_routes(api, handlers, page_model=Page[CompanyOut])

    @api.post("/companies", status_code=201, description=ENTER)
    async def enter(body: CompanyIn, call: CanWrite, response: Response) -> NewCompanyOut:
        company, link = await handlers.enter(body, call, response)
        return NewCompanyOut.of(company, link_state=link.state, link_refusal=link.refusal)

    @api.patch("/companies/{record_id}")
    async def correct(record_id: str, body: CompanyFieldsIn, call: CanWrite, response: Response) -> CompanyOut:
        """Correct fields (COMP-01)."""
        return await handlers.correct(record_id, body, call, response)

    @api.get("/companies/{company_id}/contacts")
    async def people(company_id: str, call: CanRead) -> list[ContactOut]:
        """List the company's contacts in their order, at most 500 (COMP-04)."""
        await call.guard(handlers.owners).get(company_id)
        return [ContactOut.of(contact) for contact in (await handlers.views.contacts_of(company_id))[:MAX_SHOWN]]

    return api
