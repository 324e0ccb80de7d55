"""Routes of companies."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from crm_contracts.elements import COMPANY, CONTACT
from crm_contracts.values import ElementRef
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.clients.permissions import CanRead, CanWrite
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.http.handlers import ENTER, RecordHandlers
from services.clients.records.http.record_routes import RecordFilters, add_record_routes
from services.clients.records.schemas.records import (
    CompaniesIn,
    CompanyFieldsIn,
    CompanyIn,
    CompanyItemIn,
    CompanyOut,
    CompanyUpsertIn,
    ContactOut,
    NewCompanyOut,
)
from services.clients.records.usecases.create_in_company import plan_contacts
from shared.elements.http.contact_points import Reading
from shared.elements.http.rights import check_some, records_for
from shared.elements.schemas.contact_points import ContactPointReading
from shared.elements.schemas.list_query import ListPage
from shared.elements.schemas.scalars import OriginPart
from shared.kit.domain import invalid_field
from shared.kit.web.batches import ANSWERS_BATCH, Items, recorded
from shared.kit.web.call import Call
from shared.kit.web.conditions import IfMatch, Waiting
from shared.kit.web.problems import Details
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page, Truth


@dataclass
class CompanyFilters(RecordFilters):
    """Query parameters of the list of companies."""

    is_my_company: Truth | None = None


def companies_router(
    handlers: RecordHandlers[Company, CompanyOut], people: RecordHandlers[Contact, ContactOut]
) -> APIRouter:
    """Build the routes of companies."""
    api = router("companies")

    _add_upsert(api, handlers)
    add_record_routes(api, handlers, page_model=ListPage[CompanyOut], filters=CompanyFilters)

    @api.post("/companies", status_code=201, summary="Create a company", description=ENTER)
    async def enter(
        body: CompanyIn, call: CanWrite, wait: Waiting, reading: Reading, response: Response
    ) -> NewCompanyOut:
        create_people = await plan_people(people, body, call, reading)
        company, linked = await handlers.enter(body, call, wait, reading, response)
        contacts = tuple(contact.ref for contact in await create_people())
        link = await linked()
        return NewCompanyOut.of(company, link_state=link.state, link_refusal=link.refusal, contacts=contacts)

    _add_batch(api, handlers, people)

    @api.patch("/companies/{company_id}")
    async def correct(
        company_id: str, body: CompanyFieldsIn, call: CanWrite, reading: Reading, if_match: IfMatch, response: Response
    ) -> CompanyOut:
        """Update a company; what is absent stays as it is (COMP-01)."""
        return await handlers.correct(company_id, body, call, reading, response, if_match=if_match)

    @api.get("/companies/{company_id}/contacts")
    async def list_contacts(
        company_id: str, call: CanRead, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ContactOut]:
        """List the company's contacts in their order, first its main one (COMP-04, CLI-07)."""
        allowed = records_for(call, CONTACT)
        found, more = await handlers.views.contacts_page(company_id, allowed=allowed, limit=limit, cursor=cursor)
        await call.guard(handlers.owners).get(company_id)
        return Page(items=await people.show_each(call, found), next_cursor=more)

    return api


async def plan_people(
    people: RecordHandlers[Contact, ContactOut], body: CompanyIn, call: Call, reading: ContactPointReading
) -> Callable[[], Awaitable[list[Contact]]]:
    """Check the new contacts of a new company, and return what creates them once the company is there."""
    return await plan_contacts(
        ElementRef(type="company", id=body.id or call.new_id, title=body.title),
        [(person.fields(people.country, reading), people.wrong(person, reading)) for person in body.contacts],
        call.cause,
        contacts=call.guard_store(people.owners),
        admit=partial(call.access.check, "add"),
        reference=people.reference,
        numbers=people.numbers,
        defaults=people.defaults,
    )


def _add_batch(
    api: APIRouter, handlers: RecordHandlers[Company, CompanyOut], people: RecordHandlers[Contact, ContactOut]
) -> None:
    @api.post("/companies/batch", operation_id="createCompanies", **ANSWERS_BATCH)
    async def enter_each(body: CompaniesIn, call: CanWrite, reading: Reading, request: Request) -> JSONResponse:
        """Create up to 200 companies, each with a result of its own (COMP-01, CMN-14, CONT-08).

        With `on_existing: correct` a company of an origin that is known is corrected as the PUT by origin corrects it;
        `contacts` of such a company are refused, because they are for new companies.
        """
        check_some(call, COMPANY, "import")
        ready = await handlers.prepared(len(body.valid))
        staff = await people.prepared(sum(len(item.contacts) for item in body.valid))

        async def one(item: CompanyItemIn, its: Call) -> Details:
            if body.corrects and item.origin is not None and item.contacts:
                # Whether those of an existing company were created with it cannot be told.
                raise invalid_field("contacts", "not_with_correct", "a company that may exist takes no new contacts")
            create_people = await plan_people(staff, item, its, reading)
            company, is_new, kept = await ready.take(item, its, reading, corrects=body.corrects)
            await create_people()
            return recorded(company, its.cause, is_new=is_new, left_out=kept, as_typed=handlers.as_typed(item, reading))

        return await Items.of(body, call, request).answer(one, lambda item: item.identities)


def _add_upsert(api: APIRouter, handlers: RecordHandlers[Company, CompanyOut]) -> None:
    @api.put("/companies/external/{originator}/{origin:path}", responses={201: {"model": CompanyOut}})
    async def upsert(
        originator: OriginPart,
        origin: OriginPart,
        body: CompanyUpsertIn,
        call: CanWrite,
        reading: Reading,
        if_match: IfMatch,
        response: Response,
    ) -> CompanyOut:
        """Create or correct the company of this origin (CMN-14, CONT-08)."""
        return await handlers.upsert((originator, origin), body, call, reading, response, if_match=if_match)
