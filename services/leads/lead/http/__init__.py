"""Routes of leads."""

from crm_contracts.elements import LEAD
from fastapi import APIRouter

from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.conversion import conversion_routes
from services.leads.lead.http.conversions import conversions_routes
from services.leads.lead.http.leads import lead_routes
from services.leads.lead.schemas import ContactAdded, LeadOut
from services.leads.pipeline.store import PipelinesOfDeals
from services.leads.stage.domain import LEAD_STAGES
from shared.elements.domain.filters.contact_points import point_spellings
from shared.elements.http.element_routes import element_routes
from shared.elements.http.fields import field_routes
from shared.elements.http.query_routes import sales_list
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.listing import ElementViews
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.storage.repository import Repository
from shared.kit.web.waiting import LongPolls


def build_router(
    *,
    leads: Repository[Lead],
    views: ElementViews[Lead],
    lists: FilteredLists[Lead],
    pipelines: PipelinesOfDeals,
    collaborators: Collaborators,
    long_polls: LongPolls,
    default_country: str,
    silence_s: float,
) -> APIRouter:
    """Make the routes, over these collaborators; a request without an answer for `silence_s` seconds is repeated."""
    listed = sales_list(lists, LeadOut, collaborators=collaborators, spellings=point_spellings(default_country))
    api = APIRouter()
    api.include_router(field_routes(LEAD))
    api.include_router(
        lead_routes(
            leads=leads,
            views=views,
            listed=listed,
            collaborators=collaborators,
            long_polls=long_polls,
            default_country=default_country,
        )
    )
    api.include_router(
        element_routes(
            leads,
            LeadOut,
            ContactAdded,
            stages_of=lambda _: LEAD_STAGES,
            collaborators=collaborators,
            long_polls=long_polls,
        )
    )
    api.include_router(listed.routes())
    for routes in (conversion_routes, conversions_routes):
        api.include_router(
            routes(
                leads=leads,
                pipelines=pipelines,
                collaborators=collaborators,
                long_polls=long_polls,
                silence_s=silence_s,
            )
        )
    return api
