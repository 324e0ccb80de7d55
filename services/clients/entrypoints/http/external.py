"""Contacts and companies by their ids in other systems (CMN-14)."""

from functools import partial

from fastapi import APIRouter, Response

from services.clients.adapters.dictionaries import Dictionaries
from services.clients.adapters.mongo import ClientViews
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.entrypoints.http.rights import CanRead, CanWrite
from services.clients.entrypoints.schemas.records import CompanyOut, CompanyUpsertIn, ContactOut, ContactUpsertIn
from services.clients.settings import ClientsSettings
from services.clients.usecases.create_company import create_company
from services.clients.usecases.create_contact import create_contact
from services.clients.usecases.take_over_company import take_over_company
from services.clients.usecases.take_over_contact import take_over_contact
from services.clients.usecases.upsert_client import upsert_client
from shared.kit.domain import NotFound
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.call import etag
from shared.kit.web.routes import router


def external_router(
    contacts: MongoRepository[Contact],
    companies: MongoRepository[Company],
    views: ClientViews,
    dictionaries: Dictionaries,
    numbers: Numbers,
    settings: ClientsSettings,
) -> APIRouter:
    """Read, create or correct by origin."""
    api = APIRouter()
    api.include_router(_contacts(contacts, views, dictionaries, numbers, settings))
    api.include_router(_companies(companies, views, dictionaries, numbers, settings))
    return api


def _contacts(
    contacts: MongoRepository[Contact],
    views: ClientViews,
    dictionaries: Dictionaries,
    numbers: Numbers,
    settings: ClientsSettings,
) -> APIRouter:
    api = APIRouter(tags=["contacts"], route_class=router().route_class)
    country = settings.default_country
    create = partial(create_contact, contacts=contacts, dictionaries=dictionaries, numbers=numbers)
    take_over = partial(take_over_contact, contacts=contacts, dictionaries=dictionaries)

    def shown(contact: Contact, response: Response, status: int = 200) -> ContactOut:
        response.status_code = status
        response.headers.update(etag(contact.version))
        return ContactOut.of(contact)

    @api.get("/contacts/external/{originator}/{origin:path}")
    async def look_up(originator: str, origin: str, _: CanRead, response: Response) -> ContactOut:
        """Read the contact of this origin; one that was merged says where it went (CMN-14, DUP-02)."""
        found = await views.by_origin(contacts, originator, origin)
        if found is None:
            raise NotFound(f"There is no contact {origin} from {originator}.")
        return shown(await contacts.get(found.id), response)

    @api.put("/contacts/external/{originator}/{origin:path}", responses={201: {"model": ContactOut}})
    async def upsert(
        originator: str, origin: str, body: ContactUpsertIn, call: CanWrite, response: Response
    ) -> ContactOut:
        """Create or correct the contact of this origin (CMN-14, CONT-08)."""
        contact, is_new = await upsert_client(
            "contact",
            (originator, origin),
            body.fields(country),
            call.cause,
            find=partial(views.by_origin, contacts),
            create=create,
            take_over=partial(take_over, expected_version=call.if_match),
        )
        return shown(contact, response, 201 if is_new else 200)

    return api


def _companies(
    companies: MongoRepository[Company],
    views: ClientViews,
    dictionaries: Dictionaries,
    numbers: Numbers,
    settings: ClientsSettings,
) -> APIRouter:
    api = APIRouter(tags=["companies"], route_class=router().route_class)
    country = settings.default_country
    create = partial(create_company, companies=companies, dictionaries=dictionaries, numbers=numbers)
    take_over = partial(take_over_company, companies=companies, dictionaries=dictionaries)

    def shown(company: Company, response: Response, status: int = 200) -> CompanyOut:
        response.status_code = status
        response.headers.update(etag(company.version))
        return CompanyOut.of(company)

    @api.get("/companies/external/{originator}/{origin:path}")
    async def look_up(originator: str, origin: str, _: CanRead, response: Response) -> CompanyOut:
        """Read the company of this origin; one that was merged says where it went (CMN-14, DUP-02)."""
        found = await views.by_origin(companies, originator, origin)
        if found is None:
            raise NotFound(f"There is no company {origin} from {originator}.")
        return shown(await companies.get(found.id), response)

    @api.put("/companies/external/{originator}/{origin:path}", responses={201: {"model": CompanyOut}})
    async def upsert(
        originator: str, origin: str, body: CompanyUpsertIn, call: CanWrite, response: Response
    ) -> CompanyOut:
        """Create or correct the company of this origin (CMN-14, CONT-08)."""
        company, is_new = await upsert_client(
            "company",
            (originator, origin),
            body.fields(country),
            call.cause,
            find=partial(views.by_origin, companies),
            create=create,
            take_over=partial(take_over, expected_version=call.if_match),
        )
        return shown(company, response, 201 if is_new else 200)

    return api
