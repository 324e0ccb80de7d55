"""The clients API: contacts, companies, who works where, and what is linked to them."""

from fastapi import APIRouter

from services.clients.adapters.dictionaries import Dictionaries
from services.clients.adapters.elements import Elements
from services.clients.adapters.mongo import ClientViews
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.entrypoints.http.cards import Cards
from services.clients.entrypoints.http.companies import companies_router
from services.clients.entrypoints.http.contacts import contacts_router
from services.clients.entrypoints.http.elements import elements_router
from services.clients.entrypoints.http.external import external_router
from services.clients.entrypoints.http.links import links_router
from services.clients.entrypoints.http.requisites import presets_router, requisites_router
from services.clients.entrypoints.http.search import duplicates_router, search_router
from services.clients.settings import ClientsSettings
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.routes import router
from shared.kit.web.waiting import LongPolls


def build_router(
    *,
    contacts: MongoRepository[Contact],
    companies: MongoRepository[Company],
    views: ClientViews,
    elements: Elements,
    dictionaries: Dictionaries,
    numbers: Numbers,
    long_polls: LongPolls,
    settings: ClientsSettings,
) -> APIRouter:
    """The endpoints, over these collaborators."""
    api = router()
    cards = Cards(elements, long_polls)
    api.include_router(external_router(contacts, companies, views, dictionaries, numbers, settings))
    api.include_router(contacts_router(contacts, views, dictionaries, numbers, settings, cards))
    api.include_router(links_router(contacts, companies, views))
    api.include_router(companies_router(companies, views, dictionaries, numbers, settings, cards))
    api.include_router(search_router(contacts, companies, settings))
    api.include_router(duplicates_router(contacts, companies, views, elements, settings))
    api.include_router(elements_router(contacts, companies, elements))
    api.include_router(requisites_router(contacts, "contacts"))
    api.include_router(requisites_router(companies, "companies"))
    api.include_router(presets_router())
    return api
