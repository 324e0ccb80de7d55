"""Put the clients service together: the only module that imports all others."""

from crm_contracts import registry, topics
from crm_contracts.companies import CompanyFields
from crm_contracts.contacts import ContactFields
from crm_contracts.elements import COMPANY, CONTACT
from fastapi import FastAPI

import services.clients.answers.events as answers
import services.clients.conversion.events as conversion
import services.clients.linked_element.events as linked_element
import services.clients.records.events as records
from services.clients.conversion.domain.resolution import Resolution
from services.clients.conversion.store import CLAIM_INDEXES, CLAIMS, RESOLUTIONS, Claims
from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.linked_element import http as linked_element_http
from services.clients.linked_element.store.elements import (
    COLLECTION,
    ELEMENT_INDEXES,
    RIGHTS_OF_ELEMENTS,
    LinkedElements,
)
from services.clients.linked_element.store.refused_links import REFUSED_LINKS, RefusedLinks
from services.clients.records.domain.client import Defaults
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.errors import SellerTaken
from services.clients.records.http import build_router
from services.clients.records.store.collections import COMPANIES, COMPANY_INDEXES, CONTACT_INDEXES, CONTACTS
from services.clients.records.store.views import ClientViews
from services.clients.settings import ClientsSettings
from shared.elements.events.reference import reference_reactions
from shared.elements.events.rights import rights_reactions
from shared.elements.http.access import access_routes
from shared.elements.http.rights import RoleAuthority
from shared.elements.store.access_marks import mark_records
from shared.elements.store.listing import taken_origin
from shared.elements.store.reference import Reference
from shared.elements.store.rights import RIGHTS, RightsOfUsers
from shared.elements.texts.api import TEXTS
from shared.kit.runs.http import run_routes
from shared.kit.service.process import run
from shared.kit.service.runs import open_runner
from shared.kit.service.service import Contracts, Service


def build() -> tuple[FastAPI, ClientsSettings]:
    """Build the service: settings, then repositories, then reactions and routes."""
    settings = ClientsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("clients", topics.CLIENTS, contracts, settings)
    contacts = service.repository(Contact, CONTACTS, indexes=CONTACT_INDEXES, taken=taken_origin(CONTACT.noun))
    taken = {**taken_origin(COMPANY.noun), "default_seller": SellerTaken.by}
    companies = service.repository(Company, COMPANIES, indexes=COMPANY_INDEXES, taken=taken)
    service.before_start(lambda: mark_records([contacts.collection, companies.collection]))
    views = ClientViews(contacts, companies)
    elements = LinkedElements(service.collection(COLLECTION, ELEMENT_INDEXES))
    refused_links = RefusedLinks(service.collection(REFUSED_LINKS))
    reference = Reference.of(service.collection, ContactFields, CompanyFields)
    rights = RightsOfUsers.open(
        service.collection, filled=service.filled_views, users_need_role=settings.users_need_role
    )
    defaults = Defaults(settings.base_currency, open_to_all=settings.open_to_all)
    conversions = Collaborators(
        contacts=contacts,
        companies=companies,
        resolutions=service.repository(Resolution, RESOLUTIONS),
        claims=Claims(service.collection(CLAIMS, CLAIM_INDEXES)),
        views=views,
        reference=reference,
        numbers=service.numbers,
        answers=service.answers,
        rights=rights,
        defaults=defaults,
        rule=settings.same_client,
    )
    keep_rights = rights_reactions(rights)
    service.subscribe(
        (topics.LEADS, topics.DEALS, topics.CLIENTS, topics.CATALOG),
        [
            *linked_element.reactions(elements=elements, refused_links=refused_links),
            *answers.reactions(companies=companies, views=views, answers=service.answers, rights=rights),
            *conversion.reactions(collaborators=conversions),
            *records.reactions(contacts=contacts, companies=companies, views=views),
            *reference_reactions(reference),
            *keep_rights,
        ],
    )
    service.fill(RIGHTS, [topics.CATALOG], keep_rights, is_awaited=True)
    service.fill(RIGHTS_OF_ELEMENTS, [topics.LEADS, topics.DEALS], linked_element.fill_rights(elements))
    runner, authority = open_runner(service), RoleAuthority(rights)
    api = build_router(
        contacts=contacts,
        companies=companies,
        views=views,
        elements=elements,
        refused_links=refused_links,
        reference=reference,
        departments=rights,
        numbers=service.numbers,
        long_polls=service.long_polls,
        country=settings.default_country,
        defaults=defaults,
        runner=runner,
        authority=authority,
    )
    element_api = linked_element_http.build_router(contacts=contacts, companies=companies, elements=elements)
    app = service.app(
        api,
        element_api,
        run_routes(CONTACT.service, runner),
        access_routes({CONTACT.noun: contacts, COMPANY.noun: companies}, rights),
        description="Contacts and companies.",
        texts=TEXTS,
        authority=authority,
    )
    return app, settings


if __name__ == "__main__":
    run(build, "clients")
