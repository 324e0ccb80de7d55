"""The composition root of deals: the only file that sees everything."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from crm_contracts import registry, topics
from crm_contracts.deals import DealCreated, DealDeleted, DealMovedToPipeline, DealStageChanged
from crm_contracts.elements import DEAL
from fastapi import APIRouter, FastAPI

from services.deals.board.events import board_reactions
from services.deals.board.http import board_routes
from services.deals.board.store import BOARD_CELLS, BOARD_INDEXES, BoardTotals, DealCounts, PastBoards
from services.deals.deal import events as deal_events
from services.deals.deal import http as deal_http
from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.refusal import Refusal
from services.deals.deal.http.choices import choices_of
from services.deals.deal.schemas import DealOut
from services.deals.deal.store import DEAL_INDEXES, DEALS, REFUSALS, Arrangement, deal_lists, deal_places
from services.deals.deal.usecases import DealCollaborators, move_stranded_deals
from services.deals.history.events import lead_history_reactions
from services.deals.history.store import LEADS_OF_CLIENTS, ClientHistories, LeadsOfClients
from services.deals.pipeline import http as pipeline_http
from services.deals.pipeline.domain.pipeline import Pipeline
from services.deals.pipeline.store import PIPELINES, OwnPipelines
from services.deals.pipeline.usecases import seed_pipelines
from services.deals.recurring import events as recurring_events
from services.deals.recurring import http as recurring_http
from services.deals.settings import DealsSettings
from shared.elements.domain.requisite_trait import HasRequisites
from shared.elements.events.client_names import client_name_reactions
from shared.elements.events.elements import element_reactions
from shared.elements.events.products import product_reactions
from shared.elements.events.requisites import requisite_reactions
from shared.elements.events.rights import rights_reactions
from shared.elements.events.stage_history import stage_history_reactions
from shared.elements.http.access import access_routes
from shared.elements.http.query_routes import sales_list
from shared.elements.http.rights import RoleAuthority
from shared.elements.http.stage_history import PipelineHistoryFilters, stage_history_routes
from shared.elements.http.stage_rehearsals import StageRehearsals
from shared.elements.store.access_marks import mark_records
from shared.elements.store.client_names import CLIENT_ACCESS
from shared.elements.store.listing import ElementViews, taken_origin
from shared.elements.store.own_stages import ElementPlaces
from shared.elements.store.products import PRODUCT_PRICES
from shared.elements.store.removed_clients import LinkingRecords
from shared.elements.store.rights import RIGHTS
from shared.elements.store.search_keys import make_keys
from shared.elements.store.stage_history import StageHistory
from shared.elements.store.stores import ElementStores
from shared.elements.texts.api import TEXTS
from shared.elements.usecases.stages import Emptied
from shared.elements.usecases.stranded import STRANDED_EVERY_S
from shared.kit.cells.cells import Cells
from shared.kit.runs.http import run_routes
from shared.kit.service.cells import open_cells
from shared.kit.service.process import run
from shared.kit.service.runs import open_runner
from shared.kit.service.service import Contracts, Service
from shared.kit.storage.mongo_repository import MongoRepository

MakesRouter: TypeAlias = Callable[..., APIRouter]


def _pipelines(service: Service, deals: MongoRepository[Deal]) -> tuple[OwnPipelines, ElementPlaces, MakesRouter]:
    """Open the pipelines, with what makes their routes, and the job that finds deals in places that were deleted."""
    pipelines = service.repository(Pipeline, PIPELINES)
    service.before_start(partial(seed_pipelines, service.clock, pipelines=pipelines))
    own, places = OwnPipelines(pipelines, clock=service.clock), deal_places(deals)
    service.every(
        STRANDED_EVERY_S, partial(move_stranded_deals, service.clock, deals=deals, places=places, pipelines=own)
    )
    emptied = Emptied(places, own.settled, clock=service.clock)
    return own, places, partial(pipeline_http.build_router, pipelines=pipelines, own=own, emptied=emptied)


def _board(service: Service, deals: MongoRepository[Deal]) -> tuple[Cells, BoardTotals]:
    """Open the cells of the board, which are all counted anew at start, and what adds them up."""
    counts = DealCounts(deals)
    cells, collection = open_cells(service, BOARD_CELLS, counts.recount, indexes=BOARD_INDEXES)

    async def mark_all() -> None:
        await cells.mark_all(await counts.cells())

    service.before_start(mark_all)
    return cells, BoardTotals(collection, deals)


def build() -> tuple[FastAPI, DealsSettings]:
    """Make the settings, then the repositories, then the ways in."""
    settings = DealsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("deals", topics.DEALS, contracts, settings)
    deals = service.repository(Deal, DEALS, indexes=DEAL_INDEXES, taken=taken_origin(DEAL.noun))
    service.before_start(lambda: mark_records([deals.collection]))
    service.before_start(lambda: make_keys(deals))
    pipelines, places, pipeline_routes = _pipelines(service, deals)
    refusals = service.repository(Refusal, REFUSALS)
    elements: Mapping[str, LinkingRecords[HasRequisites]] = {DEAL.noun: deals}
    cards = Arrangement(deals)
    service.before_start(cards.rank_all)
    history = StageHistory.open(service.collection)
    service.before_start(history.tell_when_left)
    cells, totals = _board(service, deals)
    stores = ElementStores.open(service, elements, users_need_role=settings.users_need_role)
    leads_of_clients = LeadsOfClients.open(service.collection)
    collaborators = DealCollaborators.of(
        stores.collaborators(settings, numbers=service.numbers, new_id=service.new_id),
        histories=ClientHistories(deals, leads_of_clients),
    )
    service.subscribe(
        (topics.LEADS, topics.DEALS, topics.CLIENTS, topics.CATALOG),
        [
            *deal_events.reactions(
                deals=deals,
                refusals=refusals,
                pipelines=pipelines,
                collaborators=collaborators,
                answers=service.answers,
            ),
            *recurring_events.reactions(deals=deals, pipelines=pipelines, collaborators=collaborators),
            *element_reactions(stores),
            *requisite_reactions(elements),
            *lead_history_reactions(leads_of_clients),
            *stage_history_reactions(history, DealCreated, DealStageChanged, DealMovedToPipeline, ended_by=DealDeleted),
            *board_reactions(cells, deals),
        ],
    )
    service.fill(CLIENT_ACCESS, [topics.CLIENTS], client_name_reactions(stores.client_names))
    service.fill(LEADS_OF_CLIENTS, [topics.LEADS], lead_history_reactions(leads_of_clients))
    service.fill(PRODUCT_PRICES, [topics.CATALOG], product_reactions(stores.products))
    service.fill(RIGHTS, [topics.CATALOG], rights_reactions(stores.rights), is_awaited=True)
    runner, authority = open_runner(service), RoleAuthority(stores.rights)
    lists = deal_lists(deals, pipelines.stages)
    listed = sales_list(lists, DealOut, collaborators=collaborators, choices=choices_of(pipelines))
    deal_routes = deal_http.build_router(
        deals=deals,
        views=ElementViews(deals),
        listed=listed,
        cards=cards,
        pipelines=pipelines,
        collaborators=collaborators,
        long_polls=service.long_polls,
        runner=runner,
        authority=authority,
    )
    app = service.app(
        deal_routes,
        recurring_http.build_router(deals=deals, lists=lists, pipelines=pipelines, collaborators=collaborators),
        pipeline_routes(rehearsals=StageRehearsals(DEAL, places, lists, stores.rights)),
        board_routes(pipelines=pipelines, totals=totals, past=PastBoards(history, deals), listed=listed),
        run_routes(DEAL.service, runner),
        stage_history_routes(DEAL, PipelineHistoryFilters, history, lists),
        access_routes({DEAL.noun: deals}, stores.rights),
        description="Deals, their pipelines and stages, products and clients.",
        texts=TEXTS,
        authority=authority,
    )
    return app, settings


if __name__ == "__main__":
    run(build, "deals")
