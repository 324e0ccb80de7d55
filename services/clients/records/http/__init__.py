"""Routes of contacts and companies."""

from crm_contracts.elements import COMPANY, CONTACT
from fastapi import APIRouter

from services.clients.linked_element.store.elements import LinkedElements
from services.clients.linked_element.store.refused_links import RefusedLinks
from services.clients.records.domain.client import Defaults
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.http.cards import Cards
from services.clients.records.http.companies import companies_router
from services.clients.records.http.contacts import contacts_router
from services.clients.records.http.employment import employment_router
from services.clients.records.http.handlers import RecordHandlers
from services.clients.records.http.requisites import presets_router, requisites_router
from services.clients.records.http.search import duplicates_router, search_router
from services.clients.records.schemas.records import CompanyOut, ContactOut
from services.clients.records.store.collections import COMPANY_TABLE, CONTACT_TABLE
from services.clients.records.store.views import ClientViews
from services.clients.records.usecases.clients import FieldCodes
from shared.elements.http.bulk_routes import bulk_routes
from shared.elements.http.expansion import Expansions
from shared.elements.http.fields import field_routes
from shared.elements.usecases.collaborators import KnownDepartments
from shared.kit.runs.runner import Runner
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.guard import Authority
from shared.kit.web.waiting import LongPolls


def build_router(
    *,
    contacts: MongoRepository[Contact],
    companies: MongoRepository[Company],
    views: ClientViews,
    elements: LinkedElements,
    refused_links: RefusedLinks,
    reference: FieldCodes,
    departments: KnownDepartments,
    numbers: Numbers,
    long_polls: LongPolls,
    country: str,
    defaults: Defaults,
    runner: Runner,
    authority: Authority,
) -> APIRouter:
    """Build the routes; lists of fields and those by origin come first, or other paths would match them."""
    api = APIRouter()
    api.include_router(field_routes(CONTACT))
    api.include_router(field_routes(COMPANY))
    cards, expansions = Cards(elements, refused_links, long_polls), Expansions(departments)
    shared = (views, reference, numbers, cards, expansions, country, defaults)
    people = RecordHandlers(contacts, ContactOut, CONTACT_TABLE, *shared)
    organisations = RecordHandlers(companies, CompanyOut, COMPANY_TABLE, *shared)
    api.include_router(people.listed.routes())
    api.include_router(organisations.listed.routes())
    api.include_router(bulk_routes(runner, contacts, people.listed, authority))
    api.include_router(bulk_routes(runner, companies, organisations.listed, authority))
    api.include_router(contacts_router(people, companies))
    api.include_router(companies_router(organisations, people))
    api.include_router(employment_router(people, companies))
    api.include_router(search_router(contacts, companies, views, country=country))
    api.include_router(duplicates_router(contacts, companies, views, elements, country=country))
    api.include_router(requisites_router(contacts, country=country))
    api.include_router(requisites_router(companies, country=country))
    api.include_router(presets_router())
    return api
