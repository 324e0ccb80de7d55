"""The composition root of timeline: the only file that sees everything."""

from functools import partial

from crm_contracts import registry, topics
from fastapi import FastAPI

from services.timeline.access.events import TOPICS, access_reactions
from services.timeline.access.store import ACCESSED, AccessedElements
from services.timeline.entry.domain.bindings import Bindings
from services.timeline.entry.events import on_events, reactions
from services.timeline.entry.http import build_bindings_router
from services.timeline.entry.http import build_router as build_entry_router
from services.timeline.entry.store.entries import BINDINGS
from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.store.versions import LIVE, ProjectionVersions
from services.timeline.rebuild.domain import Rebuild, RebuildRunning
from services.timeline.rebuild.http import build_router as build_rebuild_router
from services.timeline.rebuild.store.comparison import VersionComparison
from services.timeline.rebuild.store.rebuilds import ONE_OPEN, REBUILD_INDEXES, REBUILDS, RebuildViews
from services.timeline.rebuild.usecases.run_rebuild import run_rebuild
from services.timeline.rebuild.usecases.sweep_generations import sweep_generations
from services.timeline.search.http import build_router as build_search_router
from services.timeline.search.store import SEARCH_INDEXES, search_elements
from services.timeline.settings import TimelineSettings
from services.timeline.trace.http import build_router as build_trace_router
from shared.elements.events.rights import rights_reactions
from shared.elements.http.rights import RoleAuthority
from shared.elements.store.rights import RIGHTS, RightsOfUsers
from shared.elements.texts.timeline import TEXTS
from shared.kit.leases.lease import Lease
from shared.kit.service.process import run
from shared.kit.service.service import Contracts, Service
from shared.kit.storage.mongo_repository import MongoRepository


def build() -> tuple[FastAPI, TimelineSettings]:
    """Build settings, then repositories, then reactions, jobs and routers."""
    settings = TimelineSettings()
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("timeline", topics.TIMELINE, contracts, settings)
    versions = ProjectionVersions(service.database)
    service.before_start(versions.ensure_live)
    entries = LiveEntries(versions)
    bindings = service.repository(Bindings, BINDINGS)
    rebuilds = service.repository(Rebuild, REBUILDS, indexes=REBUILD_INDEXES, taken={ONE_OPEN: RebuildRunning.by})
    rights = RightsOfUsers.open(
        service.collection, filled=service.filled_views, users_need_role=settings.users_need_role
    )
    elements = service.collection(ACCESSED, indexes=SEARCH_INDEXES)
    accessed = AccessedElements(elements)
    projecting = reactions(entries=entries, rights=rights, accessed=accessed)
    project = partial(on_events, entries=entries, rights=rights, accessed=accessed)
    service.subscribe(topics.ALL, projecting, batch_handler=project)
    service.fill(LIVE, topics.ALL, projecting, needed=versions.has_earlier)
    service.fill(RIGHTS, [topics.CATALOG], rights_reactions(rights), is_awaited=True)
    service.fill(ACCESSED, TOPICS, access_reactions(accessed))
    views = RebuildViews(rebuilds)
    _rebuild_on_demand(service, settings, rebuilds, views, versions)
    return service.app(
        build_entry_router(entries=entries, accessed=accessed),
        build_bindings_router(entries=entries, bindings=bindings, accessed=accessed),
        build_trace_router(entries=entries, accessed=accessed),
        build_search_router(partial(search_elements, elements)),
        build_rebuild_router(rebuilds=rebuilds, views=views, versions=versions, now=service.database.now),
        description="What happened to each element, and why.",
        texts=TEXTS,
        authority=RoleAuthority(rights),
    ), settings


def _rebuild_on_demand(
    service: Service,
    settings: TimelineSettings,
    rebuilds: MongoRepository[Rebuild],
    views: RebuildViews,
    versions: ProjectionVersions,
) -> None:
    """Look for a rebuild to work at, and for versions that are left over."""
    now, new_id = service.database.now, service.new_id
    lease = Lease(new_id(), rebuilds, now, new_id, settings.rebuild_held_s, actor="service:timeline")
    comparing = VersionComparison(versions)
    work = partial(
        run_rebuild, lease=lease, views=views, versions=versions, comparing=comparing, open_log=service.topic_reader
    )
    sweep = partial(
        sweep_generations,
        views=views,
        rebuilds=rebuilds,
        versions=versions,
        server_time=now,
        new_id=new_id,
        kept_s=settings.old_projection_kept_s,
    )
    service.every(settings.rebuild_check_s, work)
    service.every(settings.rebuild_check_s, sweep)


if __name__ == "__main__":
    run(build, "timeline")
