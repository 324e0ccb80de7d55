"""The composition root of leads: the only file that sees everything."""

from functools import partial

from crm_contracts import registry, topics
from fastapi import FastAPI

from services.leads.adapters.mongo import LEAD_INDEXES, LEADS, LeadViews
from services.leads.domain.errors import OriginTaken
from services.leads.domain.lead import Lead
from services.leads.entrypoints.events import REACTIONS
from services.leads.entrypoints.http import build_router
from services.leads.settings import LeadsSettings
from services.leads.usecases.ask_again import ask_again
from shared.elements.store.created_links import CreatedLinks
from shared.elements.store.products import Products
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.service.process import run
from shared.kit.service.service import Contracts, Service


def build() -> tuple[FastAPI, LeadsSettings]:
    """Settings, then repositories, then the ways in."""
    settings = LeadsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("leads", topics.LEADS, contracts, settings)
    leads = service.repository(Lead, LEADS, indexes=LEAD_INDEXES, taken={"origin": _origin_taken})
    views = LeadViews(leads)
    products = Products(service.collection("products"))
    removed_clients = RemovedClients(
        service.collection("departures"),
        leads,
        lambda lead, gone, survivor, cause: lead.unlink_deleted_client(gone, survivor, by=cause.actor, at=cause.at),
    )
    created_links = CreatedLinks(
        service.collection("arrivals"),
        leads,
        lambda lead, newcomer, cause: lead.link_created_client(newcomer, by=cause.actor, at=cause.at),
        removed_clients,
    )
    service.subscribe(
        (topics.CLIENTS, topics.DEALS, topics.CATALOG),
        REACTIONS,
        leads=leads,
        products=products,
        removed_clients=removed_clients,
        created_links=created_links,
    )
    service.every(
        settings.conversion_check_s,
        partial(
            ask_again,
            leads=leads,
            views=views,
            clock=service.clock,
            new_id=service.new_id,
            silence_s=settings.conversion_silence_s,
        ),
    )
    api = build_router(
        leads=leads,
        views=views,
        products=products,
        numbers=service.numbers,
        removed_clients=removed_clients,
        long_polls=service.long_polls,
        settings=settings,
        new_id=service.new_id,
    )
    return service.app(api, description="Leads and their conversion."), settings


def _origin_taken() -> OriginTaken:
    return OriginTaken("Another lead came from this origin.")


if __name__ == "__main__":
    run(build, "leads")
