"""The composition root of leads: the only file that sees everything."""

from crm_contracts import registry, topics
from crm_contracts.elements import LEAD
from crm_contracts.leads import LeadCreated, LeadDeleted, LeadStageChanged
from fastapi import FastAPI

from services.leads.lead import events as lead_events
from services.leads.lead import http as lead_http
from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.beginning import Conversions
from services.leads.lead.store import LEAD_INDEXES, LEAD_TABLE, LEADS, set_missing_timers
from services.leads.pipeline import events as pipeline_events
from services.leads.pipeline.store import PIPELINES, PipelinesOfDeals
from services.leads.settings import LeadsSettings
from services.leads.stage import http as stage_http
from shared.elements.events.client_names import client_name_reactions
from shared.elements.events.elements import element_reactions
from shared.elements.events.rights import rights_reactions
from shared.elements.events.stage_history import stage_history_reactions
from shared.elements.http.access import access_routes
from shared.elements.http.rights import RoleAuthority
from shared.elements.http.stage_history import StageHistoryFilters, stage_history_routes
from shared.elements.store.access_marks import mark_records
from shared.elements.store.client_names import CLIENT_ACCESS
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.listing import ElementViews, taken_origin
from shared.elements.store.rights import RIGHTS
from shared.elements.store.search_keys import make_keys
from shared.elements.store.stage_history import StageHistory
from shared.elements.store.stores import ElementStores
from shared.elements.texts.api import TEXTS
from shared.kit.runs.http import run_routes
from shared.kit.service.process import run
from shared.kit.service.runs import open_runner
from shared.kit.service.service import Contracts, Service
from shared.kit.storage.mongo_repository import MongoRepository


def _hear(
    service: Service,
    stores: ElementStores,
    leads: MongoRepository[Lead],
    pipelines: PipelinesOfDeals,
    history: StageHistory,
) -> None:
    """React to what the services publish, and fill views that are newer than the events that they are made of."""
    keep_pipelines = pipeline_events.reactions(pipelines)
    service.subscribe(
        (topics.LEADS, topics.CLIENTS, topics.DEALS, topics.CATALOG),
        [
            *lead_events.reactions(leads=leads, removed_clients=stores.removed_clients),
            *element_reactions(stores),
            *keep_pipelines,
            *stage_history_reactions(history, LeadCreated, LeadStageChanged, ended_by=LeadDeleted),
        ],
    )
    service.fill(PIPELINES, [topics.DEALS], keep_pipelines)
    service.fill(CLIENT_ACCESS, [topics.CLIENTS], client_name_reactions(stores.client_names))
    service.fill(RIGHTS, [topics.CATALOG], rights_reactions(stores.rights), is_awaited=True)


def build() -> tuple[FastAPI, LeadsSettings]:
    """Make the settings, then the repositories, then the ways in."""
    settings = LeadsSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("leads", topics.LEADS, contracts, settings)
    leads = service.repository(Lead, LEADS, indexes=LEAD_INDEXES, taken=taken_origin(LEAD.noun))
    service.before_start(lambda: mark_records([leads.collection]))
    service.before_start(lambda: make_keys(leads))
    service.before_start(lambda: set_missing_timers(leads, clock=service.clock))
    stores = ElementStores.open(service, {LEAD.noun: leads}, users_need_role=settings.users_need_role)
    history, lists = StageHistory.open(service.collection), FilteredLists(leads, LEAD_TABLE)
    collaborators = stores.collaborators(settings, numbers=service.numbers, new_id=service.new_id)
    pipelines = PipelinesOfDeals(service.collection(PIPELINES))
    _hear(service, stores, leads, pipelines, history)
    runner, authority = open_runner(service), RoleAuthority(stores.rights)
    lead_routes = lead_http.build_router(
        views=ElementViews(leads),
        lists=lists,
        conversions=Conversions(leads, pipelines, collaborators, service.long_polls, settings.conversion_silence_s),
        default_country=settings.default_country,
        runner=runner,
        authority=authority,
    )
    app = service.app(
        lead_routes,
        stage_http.build_router(),
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
