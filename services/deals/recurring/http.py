"""Routes of templates: deals that make deals by a schedule (DEAL-14, DEAL-15)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.deals.deal.domain.deal import Deal
from services.deals.deal.http.choices import choices_of
from services.deals.deal.schemas import DealOut
from services.deals.deal.usecases import DealCollaborators, PipelinesNow
from services.deals.permissions import CanRead, CanWrite
from services.deals.pipeline.http import visible
from services.deals.recurring.schemas import (
    PlannedDeal,
    RecurringDealFilters,
    RecurringDealIn,
    RecurringDealOut,
    SchedulePatch,
)
from services.deals.recurring.usecases import create_template, expose_template, plan_template, read_template
from shared.elements.http.answers import created, versioned
from shared.elements.http.query_routes import sales_list
from shared.elements.http.rights import rights_of
from shared.elements.schemas.list_query import ListPage
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.usecases.client_names import name_clients
from shared.kit.domain import NotFound, invalid_field
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import router
from shared.kit.web.schemas import Limit, Page


def build_router(
    *, deals: Repository[Deal], lists: FilteredLists[Deal], pipelines: PipelinesNow, collaborators: DealCollaborators
) -> APIRouter:
    """Make the routes, over these collaborators."""
    api = router("recurring deals")
    _add_list(api, lists, pipelines, collaborators)
    _add_create(api, deals, pipelines, collaborators)
    _add_reads(api, deals, collaborators)
    _add_plan(api, deals, collaborators)
    _add_expose(api, deals, pipelines, collaborators)
    return api


async def _named(deal: Deal, call: Call, collaborators: DealCollaborators) -> Deal:
    (named,) = await name_clients([deal], client_names=collaborators.client_names, rights=rights_of(call))
    return named


def _add_list(
    api: APIRouter, lists: FilteredLists[Deal], pipelines: PipelinesNow, collaborators: DealCollaborators
) -> None:
    listed = sales_list(lists, RecurringDealOut, collaborators=collaborators, choices=choices_of(pipelines))

    @api.get("/recurring-deals")
    async def page(call: CanRead, query: Annotated[RecurringDealFilters, Query()]) -> ListPage[RecurringDealOut]:
        """List templates, newest first, by equality of fields and a filter; lists of deals leave them out (DEAL-14)."""
        return await listed.page(call, query.filter, {**query.wanted, "is_recurring": True}, **query.page)


def _add_create(
    api: APIRouter, deals: Repository[Deal], pipelines: PipelinesNow, collaborators: DealCollaborators
) -> None:
    @api.post("/recurring-deals", status_code=201)
    async def create(body: RecurringDealIn, call: CanWrite, response: Response) -> RecurringDealOut:
        """Make a template as a copy of a deal, with a schedule (DEAL-15).

        Its fields, rows and client are those of the deal, and are corrected as those of a deal, by its id. The deals
        that it makes have them as they are then, on the first stage of its pipeline.
        """
        try:
            source = await call.guard(deals).get(body.based_on_id)
        except NotFound:
            raise invalid_field("based_on_id", "deal_not_found", "There is no such deal.") from None
        template = await create_template(
            body.id or call.new_id,
            source,
            body.schedule,
            call.cause,
            deals=call.guard_store(deals),
            pipelines=visible(call, await pipelines.known()),
            collaborators=collaborators,
        )
        template = await _named(template, call, collaborators)
        return created(RecurringDealOut.of(template), template, response, "/recurring-deals")


def _add_reads(api: APIRouter, deals: Repository[Deal], collaborators: DealCollaborators) -> None:
    @api.get("/recurring-deals/{deal_id}")
    async def read(deal_id: str, call: CanRead, response: Response) -> RecurringDealOut:
        """Read a template with its schedule, its next and last date, and how many deals it has made (DEAL-15)."""
        template = await _named(await read_template(deal_id, deals=call.guard(deals)), call, collaborators)
        return versioned(RecurringDealOut.of(template), template, response)

    @api.get("/recurring-deals/{deal_id}/dates")
    async def preview(deal_id: str, call: CanRead, limit: Limit = 10) -> Page[PlannedDeal]:
        """Tell the next dates of a template, and the dates of the deals that it makes then (DEAL-15)."""
        return Page(items=PlannedDeal.next_of(await read_template(deal_id, deals=call.guard(deals)), limit))


def _add_plan(api: APIRouter, deals: Repository[Deal], collaborators: DealCollaborators) -> None:
    @api.patch("/recurring-deals/{deal_id}")
    async def plan(
        deal_id: str, body: SchedulePatch, call: CanWrite, if_match: IfMatch, response: Response
    ) -> RecurringDealOut:
        """Change the schedule of a template, or pause it; what is absent stays as it is (DEAL-15).

        It goes on after the last date that came; dates that passed in a pause are left out. But for a pause it takes
        the right to add such a deal, too: the deals are made in the name of who changed the schedule last.
        """
        template = await plan_template(
            deal_id,
            body.fields(),
            call.cause,
            deals=call.guard(deals),
            check_add=partial(call.access.check, "add"),
            expected_version=if_match,
        )
        template = await _named(template, call, collaborators)
        return versioned(RecurringDealOut.of(template), template, response)


def _add_expose(
    api: APIRouter, deals: Repository[Deal], pipelines: PipelinesNow, collaborators: DealCollaborators
) -> None:
    @api.post("/recurring-deals/{deal_id}/expose", status_code=201)
    async def expose(deal_id: str, call: CanWrite, response: Response) -> DealOut:
        """Make a deal from a template now, also from one that is paused or has ended (DEAL-15).

        That is beside its schedule: neither its next date nor the number of deals that it makes changes.
        """
        deal = await expose_template(
            call.new_id,
            await read_template(deal_id, deals=call.guard(deals)),
            call.cause,
            deals=call.guard_store(deals),
            pipelines=visible(call, await pipelines.known()),
            collaborators=collaborators,
        )
        deal = await _named(deal, call, collaborators)
        return created(DealOut.of(deal), deal, response, "/deals")
