"""The leads API."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from crm_contracts.client_field import Client
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from services.leads.adapters.mongo import LeadViews
from services.leads.domain.lead import Lead
from services.leads.domain.stages import LEAD_STAGES
from services.leads.entrypoints.schemas import (
    ContactAdded,
    ConversionIn,
    ConversionOut,
    LeadIn,
    LeadOut,
    LeadPatch,
    LeadUpsert,
)
from services.leads.settings import LeadsSettings
from services.leads.usecases.convert_lead import convert_lead
from services.leads.usecases.correct_lead import correct_lead
from services.leads.usecases.create_lead import create_lead
from services.leads.usecases.move_lead import move_lead
from services.leads.usecases.set_lead_client import set_lead_client
from services.leads.usecases.set_lead_rows import set_lead_rows
from services.leads.usecases.upsert_lead import upsert_lead
from shared.elements.domain.client_field import add_contact, remove_contact, set_contacts
from shared.elements.schemas.client_field import ClientIn, CompanyRefused, ContactLinkIn, Contacts
from shared.elements.schemas.product_rows import RowsIn
from shared.elements.schemas.stages import StageIn, StageOut
from shared.elements.store.products import Products
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import Conflict, NewId
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.call import Call, etag, reads, writes
from shared.kit.web.routes import is_process, router
from shared.kit.web.schemas import Cursor, Limit, Page
from shared.kit.web.waiting import LongPolls

CanRead = Annotated[Call, reads("leads:read")]
CanWrite = Annotated[Call, writes("leads:write")]


class _ConversionRefused(Conflict):
    code = "conversion_refused"


def build_router(  # noqa: C901, PLR0915 - one closure over the collaborators, one function per endpoint
    *,
    leads: MongoRepository[Lead],
    views: LeadViews,
    products: Products,
    numbers: Numbers,
    removed_clients: RemovedClients[Lead],
    long_polls: LongPolls,
    settings: LeadsSettings,
    new_id: NewId,
) -> APIRouter:
    """The endpoints, over these collaborators."""
    api = router()
    currency = settings.base_currency
    making = partial(
        create_lead,
        leads=leads,
        removed_clients=removed_clients,
        products=products,
        numbers=numbers,
        currency=currency,
        new_id=new_id,
    )
    setting = partial(set_lead_client, leads=leads, removed_clients=removed_clients)

    def shown(lead: Lead, response: Response, status: int = 200) -> LeadOut:
        response.status_code = status
        response.headers.update(etag(lead.version))
        return LeadOut.of(lead)

    async def put(lead_id: str, rule: Callable[[Client], Client], call: Call) -> Lead:
        """Contacts of the Client field, one by one or as a list."""
        return await setting(lead_id, rule, call.cause, as_whole=False, expected_version=call.if_match)

    @api.post("/leads", status_code=201, tags=["leads"])
    async def create(body: LeadIn, call: CanWrite, response: Response) -> LeadOut:
        """Create a lead; no field is mandatory (LEAD-01)."""
        lead = await making(body.id or call.new_id, body.to_domain(settings.default_country, body.origin), call.cause)
        response.headers["Location"] = f"/v1/leads/{lead.id}"
        return shown(lead, response, 201)

    @api.get("/leads", tags=["leads"])
    async def page(
        call: CanRead,
        stage_id: str | None = None,
        responsible_id: str | None = None,
        company_id: str | None = None,
        originator_id: str | None = None,
        origin_id: str | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[LeadOut]:
        """List leads, newest first, by equality of fields."""
        wanted = {
            "stage_id": stage_id,
            "responsible_id": responsible_id,
            "company_id": company_id,
            "originator_id": originator_id,
            "origin_id": origin_id,
        }
        found, more = await views.page(wanted, access=call.caller, limit=limit, cursor=cursor)
        return Page(items=[LeadOut.of(lead) for lead in found], next_cursor=more)

    @api.get("/leads/{lead_id}", tags=["leads"])
    async def read(lead_id: str, _: CanRead, response: Response) -> LeadOut:
        """Read one lead."""
        return shown(await leads.get(lead_id), response)

    @api.patch("/leads/{lead_id}", tags=["leads"])
    async def correct(lead_id: str, body: LeadPatch, call: CanWrite, response: Response) -> LeadOut:
        """Correct fields (LEAD-10); a client in the body makes it a repeat lead (LEAD-03)."""
        client = body.rule() if body.model_fields_set & ClientIn.model_fields.keys() else None
        lead = await correct_lead(
            lead_id,
            body.fields(settings.default_country),
            call.cause,
            leads=leads,
            removed_clients=removed_clients,
            client=client,
            expected_version=call.if_match,
        )
        return shown(lead, response)

    @api.put("/leads/external/{originator}/{origin:path}", tags=["leads"], responses={201: {"model": LeadOut}})
    async def upsert(originator: str, origin: str, body: LeadUpsert, call: CanWrite, response: Response) -> LeadOut:
        """Create or correct the lead of this origin; stage, client and rows of an existing one stay (CMN-14)."""
        wish = body.to_domain(settings.default_country, (originator, origin))
        lead, is_new = await upsert_lead(
            (originator, origin),
            wish,
            call.cause,
            leads=leads,
            removed_clients=removed_clients,
            views=views,
            create=making,
            expected_version=call.if_match,
        )
        return shown(lead, response, 201 if is_new else 200)

    @api.put("/leads/{lead_id}/stage", tags=["leads"])
    async def move(lead_id: str, body: StageIn, call: CanWrite, response: Response) -> LeadOut:
        """Move to another stage (LEAD-07)."""
        lead = await move_lead(lead_id, body.stage_id, call.cause, leads=leads, expected_version=call.if_match)
        return shown(lead, response)

    @api.put("/leads/{lead_id}/rows", tags=["leads"])
    async def sell(lead_id: str, body: RowsIn, call: CanWrite, response: Response) -> LeadOut:
        """Set product rows and amount (ROW-01, ROW-02)."""
        lead = await set_lead_rows(
            lead_id,
            None if body.rows is None else [row.to_domain() for row in body.rows],
            call.cause,
            amount=body.amount.value_of() if body.amount else None,
            is_manual_amount=body.is_manual_amount,
            leads=leads,
            products=products,
            new_id=new_id,
            expected_version=call.if_match,
        )
        return shown(lead, response)

    @api.put("/leads/{lead_id}/client", tags=["client field"], responses={202: {"model": LeadOut}})
    async def set_client(lead_id: str, body: ClientIn, call: CanWrite, response: Response) -> LeadOut:
        """Set the Client field (CLI-06, CLI-07): 202 while the company's contacts are on their way."""
        lead = await setting(lead_id, body.rule(), call.cause, as_whole=True, expected_version=call.if_match)
        lead = await long_polls.until(
            lambda: leads.get(lead_id), lambda found: found.client.link_state != "pending", call.wait_s
        )
        if lead.client.link_state == "refused" and body.company is not None:
            raise CompanyRefused(lead.client)
        return shown(lead, response, 202 if lead.client.link_state == "pending" else 200)

    @api.put("/leads/{lead_id}/contacts", tags=["client field"])
    async def set_list(lead_id: str, body: Contacts, call: CanWrite, response: Response) -> LeadOut:
        """Replace the linked contacts (CLI-06)."""
        wishes = [link.to_domain() for link in body]
        rule = lambda client: set_contacts(client, wishes)  # noqa: E731
        return shown(await put(lead_id, rule, call), response)

    @api.post("/leads/{lead_id}/contacts", tags=["client field"])
    async def add(lead_id: str, body: ContactLinkIn, call: CanWrite, response: Response) -> ContactAdded:
        """Link one contact; `added` is false where it was linked already (CLI-06)."""
        wish, added = body.to_domain(), False

        def rule(client: Client) -> Client:
            nonlocal added
            changed = add_contact(client, wish)
            added = changed is not client
            return changed

        lead = await put(lead_id, rule, call)
        return ContactAdded(added=added, lead=shown(lead, response))

    @api.delete("/leads/{lead_id}/contacts/{contact_id}", tags=["client field"])
    async def remove(lead_id: str, contact_id: str, call: CanWrite, response: Response) -> LeadOut:
        """Unlink one contact (CLI-06)."""
        rule = lambda client: remove_contact(client, contact_id)  # noqa: E731
        return shown(await put(lead_id, rule, call), response)

    @api.post(
        "/leads/{lead_id}/conversion",
        tags=["conversion"],
        response_model=ConversionOut,
        responses={202: {"model": ConversionOut}},
    )
    @is_process
    async def convert(lead_id: str, body: ConversionIn, call: CanWrite) -> Response:
        """Convert the lead (LEAD-11): 202 and the address to look at, with `Prefer: wait=N` the result."""
        await convert_lead(lead_id, body.to_domain(), call.cause, leads=leads, new_id=new_id)
        lead = await long_polls.until(
            lambda: leads.get(lead_id), lambda found: found.conversion.state != "running", call.wait_s
        )
        out = ConversionOut.of(lead.conversion)
        if out.state == "refused":
            details = out.model_dump(
                mode="json", include={"candidates", "contact", "company", "attempt", "correlation_id"}
            )
            details["reason"] = out.code
            raise _ConversionRefused(out.message or "", details)
        status = 200 if out.state == "done" else 202
        headers = {"Location": f"/v1/leads/{lead_id}/conversion"}
        return JSONResponse(out.model_dump(mode="json"), status, headers)

    @api.get("/leads/{lead_id}/conversion", tags=["conversion"])
    async def conversion(lead_id: str, _: CanRead) -> ConversionOut:
        """How far the conversion got."""
        return ConversionOut.of((await leads.get(lead_id)).conversion)

    @api.get("/lead-stages", tags=["stages"])
    async def stages(_: CanRead) -> list[StageOut]:
        """The stages of leads, in order (LEAD-06)."""
        return [StageOut(**stage.model_dump()) for stage in LEAD_STAGES]

    return api
