"""The composition root of clients: the only file that sees everything."""

from crm_contracts import registry, topics
from fastapi import FastAPI

from services.clients.adapters.claims import CLAIM_INDEXES, Claims
from services.clients.adapters.dictionaries import DICTIONARIES, Dictionaries
from services.clients.adapters.elements import ELEMENT_INDEXES, ELEMENTS, Elements
from services.clients.adapters.mongo import (
    COMPANIES,
    COMPANY_INDEXES,
    CONTACT_INDEXES,
    CONTACTS,
    RESOLUTIONS,
    ClientViews,
)
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.errors import OriginTaken, SellerTaken
from services.clients.domain.resolution import Resolution
from services.clients.entrypoints.events import REACTIONS
from services.clients.entrypoints.http import build_router
from services.clients.settings import ClientsSettings
from shared.kit.service.process import run
from shared.kit.service.service import Contracts, Service


def build() -> tuple[FastAPI, ClientsSettings]:
    """Settings, then repositories, then the ways in."""
    settings = ClientsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("clients", topics.CLIENTS, contracts, settings)
    taken = {"origin": _origin_taken, "default_seller": _seller_taken}
    contacts = service.repository(Contact, CONTACTS, indexes=CONTACT_INDEXES, taken=taken)
    companies = service.repository(Company, COMPANIES, indexes=COMPANY_INDEXES, taken=taken)
    views = ClientViews(contacts, companies)
    elements = Elements(service.collection(ELEMENTS, ELEMENT_INDEXES))
    dictionaries = Dictionaries(service.collection(DICTIONARIES))
    service.subscribe(
        (topics.LEADS, topics.DEALS, topics.CLIENTS, topics.CATALOG),
        REACTIONS,
        contacts=contacts,
        companies=companies,
        resolutions=service.repository(Resolution, RESOLUTIONS),
        claims=Claims(service.collection("claims", CLAIM_INDEXES)),
        views=views,
        elements=elements,
        dictionaries=dictionaries,
        numbers=service.numbers,
        answers=service.answers,
    )
    api = build_router(
        contacts=contacts,
        companies=companies,
        views=views,
        elements=elements,
        dictionaries=dictionaries,
        numbers=service.numbers,
        long_polls=service.long_polls,
        settings=settings,
    )
    return service.app(api, description="Contacts and companies."), settings


def _origin_taken() -> OriginTaken:
    return OriginTaken("Another record came from this origin.")


def _seller_taken() -> SellerTaken:
    return SellerTaken("Another company is the default seller.")


if __name__ == "__main__":
    run(build, "clients")
