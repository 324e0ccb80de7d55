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
from shared.elements.arrivals import Arrivals
from shared.elements.departures import Departures
from shared.elements.products import Products
from shared.kit.service import Contracts, Service, run


def build() -> tuple[FastAPI, DealsSettings]:
    """Settings, then repositories, then the ways in."""
    settings = DealsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("deals", topics.DEALS, contracts, settings)
    deals = service.repository(Deal, DEALS, indexes=DEAL_INDEXES, taken={"origin": _origin_taken})
    refusals = service.repository(Refusal, REFUSALS)
    products = Products(service.collection("products"))
    departures = Departures(
        service.collection("departures"),
        deals,
        lambda deal, gone, survivor, cause: deal.drop_client(gone, survivor, by=cause.actor, at=cause.at),
    )
    arrivals = Arrivals(
        service.collection("arrivals"),
        deals,
        lambda deal, newcomer, cause: deal.welcome(newcomer, by=cause.actor, at=cause.at),
        departures,
    )
    service.hear(
        (topics.LEADS, topics.CLIENTS, topics.CATALOG),
        REACTIONS,
        deals=deals,
        refusals=refusals,
        products=products,
        departures=departures,
        arrivals=arrivals,
        numbers=service.numbers,
        new_id=service.new_id,
        answers=service.answers,
    )
    api = build_router(
        deals=deals,
        views=DealViews(deals),
        products=products,
        numbers=service.numbers,
        departures=departures,
        waiters=service.waiters,
        settings=settings,
        new_id=service.new_id,
    )
    return service.app(api, description="Deals, their stages, products and clients."), settings


def _origin_taken() -> OriginTaken:
    return OriginTaken("Another deal came from this origin.")


if __name__ == "__main__":
    run(build, "deals")
