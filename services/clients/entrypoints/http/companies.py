"""Companies."""

from functools import partial

from fastapi import APIRouter, Response

from services.clients.adapters.dictionaries import Dictionaries
from services.clients.adapters.mongo import ClientViews
from services.clients.domain.company import Company
from services.clients.entrypoints.http.cards import Cards
from services.clients.entrypoints.http.rights import CanRead, CanWrite
from services.clients.entrypoints.schemas.records import (
    CompanyFieldsIn,
    CompanyIn,
    CompanyOut,
    ContactOut,
    MergeIn,
    NewCompanyOut,
)
from services.clients.settings import ClientsSettings
from services.clients.usecases.correct_company import correct_company
from services.clients.usecases.create_company import create_company
from services.clients.usecases.delete_company import delete_company
from services.clients.usecases.merge_clients import merge_clients
from shared.elements.domain.contact_points import normalized_email, normalized_phone
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.call import etag
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page


def companies_router(
    companies: MongoRepository[Company],
    views: ClientViews,
    dictionaries: Dictionaries,
    numbers: Numbers,
    settings: ClientsSettings,
    cards: Cards,
) -> APIRouter:
    """Enter, read, correct, merge and delete companies."""
    api = APIRouter(tags=["companies"], route_class=router().route_class)
    country = settings.default_country
    create = partial(create_company, companies=companies, dictionaries=dictionaries, numbers=numbers)
    change = partial(correct_company, companies=companies, dictionaries=dictionaries)

    def shown(company: Company, response: Response, status: int = 200) -> CompanyOut:
        response.status_code = status
        response.headers.update(etag(company.version))
        return CompanyOut.of(company)

    @api.post("/companies", status_code=201)
    async def enter(body: CompanyIn, call: CanWrite, response: Response) -> NewCompanyOut:
        """Enter a company (COMP-01), and link it to the card that it was created from (CLI-05).

        With `link_to` the element's Client field takes it as soon as the element's service hears of it, for which
        `Prefer: wait=N` waits; who cannot write such elements is refused. The company stays whatever becomes of the
        link: `link_state` is `pending` when the time is over, and so it remains where the element is not there.
        """
        link_to = cards.chosen(body.link_to, call)
        company = await create(body.id or call.new_id, body.fields(country), body.origin, call.cause, link_to=link_to)
        response.headers["Location"] = f"/v1/companies/{company.id}"
        found = shown(company, response, 201)
        return NewCompanyOut(**dict(found), link_state=await cards.link_state(company.ref, link_to, call))

    @api.get("/companies")
    async def page(
        call: CanRead,
        phone: str | None = None,
        email: str | None = None,
        originator_id: str | None = None,
        origin_id: str | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[CompanyOut]:
        """List companies, newest first, by equality; a phone is found in any notation."""
        wanted = {
            "phone": phone and (normalized_phone(phone, country) or phone),
            "email": email and (normalized_email(email) or email),
            "originator_id": originator_id,
            "origin_id": origin_id,
        }
        found, more = await views.page(companies, wanted, access=call.caller, limit=limit, cursor=cursor)
        return Page(items=[CompanyOut.of(company) for company in found], next_cursor=more)

    @api.get("/companies/{company_id}")
    async def read(company_id: str, _: CanRead, response: Response) -> CompanyOut:
        """Read one company."""
        return shown(await companies.get(company_id), response)

    @api.get("/companies/{company_id}/contacts")
    async def people(company_id: str, _: CanRead) -> list[ContactOut]:
        """The company's contacts in their order, at most 500 (COMP-04)."""
        await companies.get(company_id)
        return [ContactOut.of(contact) for contact in (await views.contacts_of(company_id))[:500]]

    @api.patch("/companies/{company_id}")
    async def correct(company_id: str, body: CompanyFieldsIn, call: CanWrite, response: Response) -> CompanyOut:
        """Correct fields (COMP-01)."""
        changes = body.fields(country)
        company = await change(company_id, changes, call.cause, expected_version=call.if_match)
        return shown(company, response)

    @api.delete("/companies/{company_id}", status_code=204)
    async def delete(company_id: str, call: CanWrite) -> None:
        """Delete a company; elements and contacts go on without it (COMP-10)."""
        await delete_company(company_id, call.cause, companies=companies, expected_version=call.if_match)

    @api.post("/companies/{company_id}/merge")
    async def merge(company_id: str, body: MergeIn, call: CanWrite, response: Response) -> CompanyOut:
        """Merge other companies into this one (DUP-02).

        Empty fields are filled, lists are joined, links follow. Where filled fields differ, 409 `merge_conflict` lists
        them as `conflicts`, and nothing changes until `resolution` names for each of them the record that is right.
        """
        company = await merge_clients(
            company_id, body.others, body.resolution, call.cause, owners=companies, expected_version=call.if_match
        )
        return shown(company, response)

    return api
