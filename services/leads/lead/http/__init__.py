"""Routes of leads."""

from collections.abc import Awaitable, Callable
from functools import partial

from crm_contracts.elements import LEAD
from fastapi import APIRouter

from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.at_once import NewLeads
from services.leads.lead.http.beginning import Conversions
from services.leads.lead.http.conversion import conversion_routes
from services.leads.lead.http.conversions import conversions_routes
from services.leads.lead.http.leads import lead_routes
from services.leads.lead.http.switching import CONVERT, conversion_action
from services.leads.lead.schemas import ContactAdded, LeadOut
from services.leads.stage.store import OwnLeadStages
from shared.elements.domain.filters.contact_points import point_spellings
from shared.elements.domain.filters.parsing import Choices
from shared.elements.http.bulk_routes import bulk_routes
from shared.elements.http.element_routes import element_routes
from shared.elements.http.fields import field_routes
from shared.elements.http.query_routes import ChoicesOf, sales_list
from shared.elements.http.rights import MOVE
from shared.elements.schemas.bulk import MoveIn
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.listing import ElementViews
from shared.elements.usecases.bulk import BulkAction
from shared.elements.usecases.move_element import move_in_bulk
from shared.kit.runs.runner import Runner
from shared.kit.web.call import Call
from shared.kit.web.guard import Authority


def build_router(
    *,
    views: ElementViews[Lead],
    lists: FilteredLists[Lead],
    stages: OwnLeadStages,
    conversions: Conversions,
    new_leads: Callable[[Call | None], Awaitable[NewLeads]],
    default_country: str,
    runner: Runner,
    authority: Authority,
) -> APIRouter:
    """Make the routes, over these collaborators."""
    leads, collaborators, long_polls = conversions.leads, conversions.collaborators, conversions.long_polls
    spellings, choices = point_spellings(default_country), _choices_of(stages)
    listed = sales_list(lists, LeadOut, collaborators=collaborators, spellings=spellings, choices=choices)
    api = APIRouter()
    api.include_router(field_routes(LEAD))
    api.include_router(
        lead_routes(
            conversions=conversions,
            new_leads=new_leads,
            views=views,
            listed=listed,
            stages=stages,
            default_country=default_country,
        )
    )
    of_elements = partial(element_routes, collaborators=collaborators, long_polls=long_polls)
    api.include_router(of_elements(leads, LeadOut, ContactAdded, stages=stages.open, views=views))
    api.include_router(listed.routes())
    move = BulkAction.to_and_fro(MOVE, partial(move_in_bulk, stages=stages.open))
    actions = {"move": move, CONVERT: conversion_action(conversions)}
    api.include_router(bulk_routes(runner, leads, listed, authority, move=MoveIn, actions=actions))
    api.include_router(conversion_routes(conversions))
    api.include_router(conversions_routes(conversions))
    return api


def _choices_of(stages: OwnLeadStages) -> ChoicesOf:
    """Tell the stages that a filter may name."""

    async def choices(_: Call) -> Choices:
        return {"stage_id": [stage.id for stage in await stages.every()]}

    return choices
