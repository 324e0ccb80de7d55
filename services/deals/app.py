"""The composition root of deals: the only file that sees everything."""

from crm_contracts import registry, topics
from fastapi import FastAPI

from services.deals.adapters.mongo import DEAL_INDEXES, DEALS, REFUSALS, DealViews
from services.deals.domain.deal import Deal
from services.deals.domain.errors import OriginTaken
from services.deals.domain.refusal import Refusal
from services.deals.entrypoints.events import REACTIONS
from services.deals.entrypoints.http import build_router
from services.deals.settings import DealsSettings
from shared.elements.store.created_links import CreatedLinks
from shared.elements.store.products import Products
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.service.process import run
from shared.kit.service.service import Contracts, Service


def build() -> tuple[FastAPI, DealsSettings]:
    """Settings, then repositories, then the ways in."""
    settings = DealsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("deals", topics.DEALS, contracts, settings)
    deals = service.repository(Deal, DEALS, indexes=DEAL_INDEXES, taken={"origin": _origin_taken})
    refusals = service.repository(Refusal, REFUSALS)
    products = Products(service.collection("products"))
    removed_clients = RemovedClients(
        service.collection("departures"),
        deals,
        lambda deal, gone, survivor, cause: deal.unlink_deleted_client(gone, survivor, by=cause.actor, at=cause.at),
    )
    created_links = CreatedLinks(
        service.collection("arrivals"),
        deals,
        lambda deal, newcomer, cause: deal.link_created_client(newcomer, by=cause.actor, at=cause.at),
        removed_clients,
    )
    service.subscribe(
        (topics.LEADS, topics.CLIENTS, topics.CATALOG),
        REACTIONS,
        deals=deals,
        refusals=refusals,
        products=products,
        removed_clients=removed_clients,
        created_links=created_links,
        numbers=service.numbers,
        new_id=service.new_id,
        answers=service.answers,
    )
    api = build_router(
        deals=deals,
        views=DealViews(deals),
        products=products,
        numbers=service.numbers,
        removed_clients=removed_clients,
        long_polls=service.long_polls,
        settings=settings,
        new_id=service.new_id,
    )
    return service.app(api, description="Deals, their stages, products and clients."), settings


def _origin_taken() -> OriginTaken:
    return OriginTaken("Another deal came from this origin.")


if __name__ == "__main__":
    run(build, "deals")
