"""The composition root of leads: the only file that sees everything."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from crm_contracts import registry, topics
from crm_contracts.elements import LEAD
from crm_contracts.leads import LeadCreated, LeadDeleted, LeadStageChanged
from fastapi import APIRouter, FastAPI

from services.leads.form import http as form_http
from services.leads.form.domain.form import Form
from services.leads.form.http.inbound import Inbound
from services.leads.form.store import COUNT_INDEXES, FORMS, SUBMISSION_COUNTS, FormViews, SubmissionCounts
from services.leads.lead import events as lead_events
from services.leads.lead import http as lead_http
from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.at_once import NewLeads
from services.leads.lead.http.beginning import Conversions
from services.leads.lead.http.switching import LeadsOfSwitch
from services.leads.lead.store import (
    LEAD_INDEXES,
    LEADS,
    has_any_lead,
    lead_lists,
    lead_places,
    set_missing_timers,
)
from services.leads.lead.usecases import move_stranded_leads
from services.leads.mode import http as mode_http
from services.leads.mode.domain import CrmMode
from services.leads.mode.http import Modes
from services.leads.mode.store import SETTINGS, OwnMode
from services.leads.mode.usecases import seed_mode
from services.leads.pipeline import events as pipeline_events
from services.leads.pipeline.store import PIPELINES, PipelinesOfDeals
from services.leads.repeat_lead import events as repeat_lead_events
from services.leads.repeat_lead import http as repeat_lead_http
from services.leads.repeat_lead.domain import LeadSettings
from services.leads.repeat_lead.store import LEAD_SETTINGS, ConvertedLeads, OwnLeadSettings
from services.leads.repeat_lead.usecases import seed_lead_settings
from services.leads.report import http as report_http
from services.leads.report.store import LeadReports
from services.leads.settings import LeadsSettings
from services.leads.stage import http as stage_http
from services.leads.stage.domain import LeadStages
from services.leads.stage.store import LEAD_STAGES, OwnLeadStages
from services.leads.stage.usecases import seed_lead_stages
from shared.elements.events.client_names import client_name_reactions
from shared.elements.events.elements import element_reactions
from shared.elements.events.products import product_reactions
from shared.elements.events.rights import rights_reactions
from shared.elements.events.stage_history import stage_history_reactions
from shared.elements.http.access import access_routes
from shared.elements.http.rights import RoleAuthority
from shared.elements.http.stage_history import StageHistoryFilters, stage_history_routes
from shared.elements.http.stage_rehearsals import StageRehearsals
from shared.elements.store.access_marks import mark_records
from shared.elements.store.client_names import CLIENT_ACCESS
from shared.elements.store.listing import ElementViews, taken_origin
from shared.elements.store.own_stages import ElementPlaces
from shared.elements.store.products import PRODUCT_PRICES
from shared.elements.store.rights import RIGHTS
from shared.elements.store.search_keys import make_keys
from shared.elements.store.stage_history import StageHistory
from shared.elements.store.stores import ElementStores
from shared.elements.texts.api import TEXTS
from shared.elements.usecases.stages import Emptied
from shared.elements.usecases.stranded import STRANDED_EVERY_S
from shared.kit.messaging.reactions import Reactions
from shared.kit.runs.http import run_routes
from shared.kit.runs.runner import LOOK_EVERY_S, Runner
from shared.kit.service.process import run
from shared.kit.service.runs import open_runner
from shared.kit.service.service import Contracts, Service
from shared.kit.storage.mongo_repository import MongoRepository

MakesRouter: TypeAlias = Callable[..., APIRouter]


def _hear(
    service: Service,
    stores: ElementStores,
    leads: MongoRepository[Lead],
    pipelines: PipelinesOfDeals,
    history: StageHistory,
    *,
    repeat_leads: Reactions,
) -> None:
    """React to what the services publish, and fill views that are newer than the events that they are made of."""
    keep_pipelines = pipeline_events.reactions(pipelines)
    service.subscribe(
        (topics.LEADS, topics.CLIENTS, topics.DEALS, topics.CATALOG),
        [
            *lead_events.reactions(leads=leads, removed_clients=stores.removed_clients),
            *element_reactions(stores),
            *keep_pipelines,
            *repeat_leads,
            *stage_history_reactions(history, LeadCreated, LeadStageChanged, ended_by=LeadDeleted),
        ],
    )
    service.fill(PIPELINES, [topics.DEALS], keep_pipelines)
    service.fill(CLIENT_ACCESS, [topics.CLIENTS], client_name_reactions(stores.client_names))
    service.fill(PRODUCT_PRICES, [topics.CATALOG], product_reactions(stores.products))
    service.fill(RIGHTS, [topics.CATALOG], rights_reactions(stores.rights), is_awaited=True)


def _leads(service: Service) -> MongoRepository[Lead]:
    """Open the leads, and give those from before what was added to all leads since."""
    leads = service.repository(Lead, LEADS, indexes=LEAD_INDEXES, taken=taken_origin(LEAD.noun))
    service.before_start(lambda: mark_records([leads.collection]))
    service.before_start(lambda: make_keys(leads))
    service.before_start(lambda: set_missing_timers(leads, clock=service.clock))
    return leads


def _stages(service: Service, leads: MongoRepository[Lead]) -> tuple[OwnLeadStages, ElementPlaces, MakesRouter]:
    """Open the stages, with what makes their routes, and the job that finds leads on stages that were deleted."""
    stages = service.repository(LeadStages, LEAD_STAGES)
    service.before_start(partial(seed_lead_stages, service.clock, stages=stages))
    own, places = OwnLeadStages(stages, clock=service.clock), lead_places(leads)
    service.every(STRANDED_EVERY_S, partial(move_stranded_leads, service.clock, leads=leads, places=places, stages=own))
    emptied = Emptied(places, own.settled, clock=service.clock)
    return own, places, partial(stage_http.build_router, stages=stages, own=own, emptied=emptied)


def _repeat_leads(service: Service, leads: MongoRepository[Lead]) -> tuple[Reactions, APIRouter]:
    """Open the settings of leads, with their routes, and what is done about new leads of known clients."""
    settings = service.repository(LeadSettings, LEAD_SETTINGS)
    service.before_start(partial(seed_lead_settings, service.clock, settings=settings))
    own = OwnLeadSettings(settings)
    reactions = repeat_lead_events.reactions(
        leads=leads, settings=own, earlier_leads=ConvertedLeads(leads), answers=service.answers
    )
    return reactions, repeat_lead_http.build_router(settings=settings, own=own)


def _forms(
    service: Service,
    conversions: Conversions,
    leads: MongoRepository[Lead],
    new_leads: Callable[[], Awaitable[NewLeads]],
    *,
    stages: OwnLeadStages,
    country: str,
) -> APIRouter:
    """Open the forms, with the routes by which they are set and sent."""
    forms = service.repository(Form, FORMS)
    counts = SubmissionCounts(service.collection(SUBMISSION_COUNTS, COUNT_INDEXES))
    views, use = ElementViews(leads), conversions.collaborators
    return form_http.build_router(
        Inbound(forms, FormViews(forms), counts, leads, views, new_leads, stages, use, country)
    )


def _mode(
    service: Service,
    settings: LeadsSettings,
    leads: MongoRepository[Lead],
    conversions: Conversions,
    *,
    pipelines: PipelinesOfDeals,
    runner: Runner,
) -> tuple[OwnMode, Callable[..., Awaitable[NewLeads]], APIRouter]:
    """Open the mode, with what becomes of new leads in it, its routes, and the job that begins the run of a switch."""
    stored = service.repository(CrmMode, SETTINGS)
    has_leads = partial(has_any_lead, leads)
    service.before_start(partial(seed_mode, service.clock, settings.initial_mode, settings=stored, has_leads=has_leads))
    own, switching = OwnMode(stored), LeadsOfSwitch(runner)

    async def start_run() -> int:
        return await switching.start_missing(await own.get())

    service.every(LOOK_EVERY_S, start_run)
    modes = Modes(stored, own, pipelines, switching, settings.classic_mode_allowed)
    return own, partial(NewLeads.of, conversions, own), mode_http.build_router(modes)


def _service() -> tuple[Service, LeadsSettings]:
    """Make the service, and its settings."""
    settings = LeadsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    return Service("leads", topics.LEADS, contracts, settings), settings


def build() -> tuple[FastAPI, LeadsSettings]:
    """Make the settings, then the repositories, then the ways in."""
    service, settings = _service()
    leads = _leads(service)
    stores = ElementStores.open(service, {LEAD.noun: leads}, users_need_role=settings.users_need_role)
    stages, places, stage_routes = _stages(service, leads)
    history, lists = StageHistory.open(service.collection), lead_lists(leads, stages.every)
    collaborators = stores.collaborators(settings, numbers=service.numbers, new_id=service.new_id)
    pipelines = PipelinesOfDeals(service.collection(PIPELINES))
    repeat_leads, setting_routes = _repeat_leads(service, leads)
    _hear(service, stores, leads, pipelines, history, repeat_leads=repeat_leads)
    runner, authority = open_runner(service), RoleAuthority(stores.rights)
    conversions = Conversions(leads, pipelines, collaborators, service.long_polls, settings.conversion_silence_s)
    mode, new_leads, mode_routes = _mode(service, settings, leads, conversions, pipelines=pipelines, runner=runner)
    form_routes = _forms(service, conversions, leads, new_leads, stages=stages, country=settings.default_country)
    lead_routes = lead_http.build_router(
        views=ElementViews(leads),
        lists=lead_lists(leads, stages.every, hides_converted=mode.is_simple),
        stages=stages,
        conversions=conversions,
        new_leads=new_leads,
        default_country=settings.default_country,
        runner=runner,
        authority=authority,
    )
    app = service.app(
        form_routes,  # before those of leads: no lead has the id `inbound`
        lead_routes,
        stage_routes(rehearsals=StageRehearsals(LEAD, places, lists, stores.rights, has_pipelines=False)),
        mode_routes,
        setting_routes,
        report_http.build_router(LeadReports(leads)),
        stage_history_routes(LEAD, StageHistoryFilters, history, lists),
        run_routes(LEAD.service, runner),
        access_routes({LEAD.noun: leads}, stores.rights),
        description="Leads and their conversion.",
        texts=TEXTS,
        authority=authority,
    )
    return app, settings


if __name__ == "__main__":
    run(build, "leads")
