"""The composition root of deals: the only file that sees everything."""

from collections.abc import Mapping

from crm_contracts import registry, topics
from crm_contracts.elements import DEAL
from fastapi import FastAPI

from services.deals.deal import events as deal_events
from services.deals.deal import http as deal_http
from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.refusal import Refusal
from services.deals.deal.store import DEAL_INDEXES, DEAL_TABLE, DEALS, REFUSALS
from services.deals.pipeline import http as pipeline_http
from services.deals.recurring import events as recurring_events
from services.deals.recurring import http as recurring_http
from services.deals.settings import DealsSettings
from shared.elements.domain.requisite_trait import HasRequisites
from shared.elements.events.client_names import client_name_reactions
from shared.elements.events.elements import element_reactions
from shared.elements.events.requisites import requisite_reactions
from shared.elements.events.rights import rights_reactions
from shared.elements.http.access import access_routes
from shared.elements.http.rights import RoleAuthority
from shared.elements.store.access_marks import mark_records
from shared.elements.store.client_names import CLIENT_ACCESS
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.listing import ElementViews, taken_origin
from shared.elements.store.removed_clients import LinkingRecords
from shared.elements.store.rights import RIGHTS
from shared.elements.store.search_keys import make_keys
from shared.elements.store.stores import ElementStores
from shared.elements.texts.api import TEXTS
from shared.kit.service.process import run
from shared.kit.service.service import Contracts, Service


def build() -> tuple[FastAPI, DealsSettings]:
    """Make the settings, then the repositories, then the ways in."""
    settings = DealsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("deals", topics.DEALS, contracts, settings)
    deals = service.repository(Deal, DEALS, indexes=DEAL_INDEXES, taken=taken_origin(DEAL.noun))
    service.before_start(lambda: mark_records([deals.collection]))
    service.before_start(lambda: make_keys(deals))
    refusals = service.repository(Refusal, REFUSALS)
    elements: Mapping[str, LinkingRecords[HasRequisites]] = {DEAL.noun: deals}
    stores = ElementStores.open(service.collection, elements, service.answers, users_need_role=settings.users_need_role)
    collaborators = stores.collaborators(settings, numbers=service.numbers, new_id=service.new_id)
    service.subscribe(
        (topics.LEADS, topics.DEALS, topics.CLIENTS, topics.CATALOG),
        [
            *deal_events.reactions(
                deals=deals, refusals=refusals, collaborators=collaborators, answers=service.answers
            ),
            *recurring_events.reactions(deals=deals, collaborators=collaborators),
            *element_reactions(stores),
            *requisite_reactions(elements),
        ],
    )
    service.fill(CLIENT_ACCESS, [topics.CLIENTS], client_name_reactions(stores.client_names))
    service.fill(RIGHTS, [topics.CATALOG], rights_reactions(stores.rights))
    lists = FilteredLists(deals, DEAL_TABLE)
    deal_routes = deal_http.build_router(
        deals=deals,
        views=ElementViews(deals),
        lists=lists,
        collaborators=collaborators,
        long_polls=service.long_polls,
    )
    app = service.app(
        deal_routes,
        recurring_http.build_router(deals=deals, lists=lists, collaborators=collaborators),
        pipeline_http.build_router(),
        access_routes({DEAL.noun: deals}, stores.rights),
        description="Deals, their stages, products and clients.",
        texts=TEXTS,
        authority=RoleAuthority(stores.rights),
    )
    return app, settings


if __name__ == "__main__":
    run(build, "deals")
