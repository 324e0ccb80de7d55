"""Routes of deals."""

from crm_contracts.elements import DEAL
from fastapi import APIRouter

from services.deals.deal.domain.deal import Deal
from services.deals.deal.http.bulk import deal_bulk_routes
from services.deals.deal.http.deals import deal_routes
from services.deals.deal.schemas import ContactAdded, DealOut
from services.deals.deal.usecases import Arranges, DealCollaborators, PipelinesNow
from shared.elements.http.element_routes import element_routes
from shared.elements.http.fields import field_routes
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.requisite_routes import requisite_routes
from shared.elements.store.listing import ElementViews
from shared.kit.runs.runner import Runner
from shared.kit.storage.repository import Repository
from shared.kit.web.guard import Authority
from shared.kit.web.waiting import LongPolls


def build_router(
    *,
    deals: Repository[Deal],
    views: ElementViews[Deal],
    listed: ListedElements[Deal],
    cards: Arranges,
    pipelines: PipelinesNow,
    collaborators: DealCollaborators,
    long_polls: LongPolls,
    runner: Runner,
    authority: Authority,
) -> APIRouter:
    """Make the routes, over these collaborators."""
    own = deal_routes(
        deals=deals,
        views=views,
        listed=listed,
        cards=cards,
        pipelines=pipelines,
        collaborators=collaborators,
        long_polls=long_polls,
    )
    of_elements = element_routes(
        deals, DealOut, ContactAdded, views=views, collaborators=collaborators, long_polls=long_polls
    )
    requisites = requisite_routes(deals, DealOut, client_names=collaborators.client_names, long_polls=long_polls)
    api = APIRouter()
    api.include_router(field_routes(DEAL))
    api.include_router(own)
    api.include_router(listed.routes())
    api.include_router(deal_bulk_routes(runner, deals, listed, pipelines, authority))
    api.include_router(of_elements)
    api.include_router(requisites)
    return api
