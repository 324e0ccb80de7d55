"""Routes of leads whose bodies and parameters are their own: create, list, PATCH, upsert."""

from functools import partial

from fastapi import APIRouter, Response

from services.leads.lead.domain.lead import Lead
from services.leads.lead.schemas import LeadIn, LeadOut, LeadPatch, LeadUpsert
from services.leads.lead.store import LeadViews
from services.leads.lead.usecases import create_lead
from services.leads.permissions import CanRead, CanWrite
from shared.elements.http.answers import created, versioned
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.correct_element import correct_element
from shared.elements.usecases.upsert_by_origin import upsert_by_origin
from shared.kit.storage.repository import Repository
from shared.kit.web.routes import IdempotentRoute
from shared.kit.web.schemas import Cursor, Limit, Page


def lead_routes(
    *,
    leads: Repository[Lead],
    views: LeadViews,
    collaborators: Collaborators,
    default_country: str,
) -> APIRouter:
    """Make the routes, over these collaborators."""
    api = APIRouter(route_class=IdempotentRoute, tags=["leads"])
    making = partial(create_lead, leads=leads, collaborators=collaborators)

    @api.post("/leads", status_code=201)
    async def create(body: LeadIn, call: CanWrite, response: Response) -> LeadOut:
        """Create a lead; no field is mandatory (LEAD-01)."""
        new = body.to_domain(default_country, body.origin)
        lead = await making(body.id or call.new_id, new, call.cause)
        return created(LeadOut.of(lead), response, f"/leads/{lead.id}")

    @api.get("/leads")
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

    @api.patch("/leads/{element_id}")
    async def correct(element_id: str, body: LeadPatch, call: CanWrite, response: Response) -> LeadOut:
        """Correct fields (LEAD-10); a client in the body makes it a repeat lead (LEAD-03)."""
        lead = await correct_element(
            element_id,
            body.fields(default_country),
            call.cause,
            elements=call.guard(leads),
            collaborators=collaborators,
            client=body.given_rule,
            expected_version=call.if_match,
        )
        return versioned(LeadOut.of(lead), response)

    @api.put("/leads/external/{originator}/{origin:path}", responses={201: {"model": LeadOut}})
    async def upsert(originator: str, origin: str, body: LeadUpsert, call: CanWrite, response: Response) -> LeadOut:
        """Create or correct the lead of this origin; stage, client and rows of an existing one stay (CMN-14)."""
        lead, is_new = await upsert_by_origin(
            (originator, origin),
            body.to_domain(default_country, (originator, origin)),
            call.cause,
            elements=call.guard(leads),
            views=views,
            create=making,
            collaborators=collaborators,
            expected_version=call.if_match,
        )
        return versioned(LeadOut.of(lead), response, 201 if is_new else 200)

    return api
