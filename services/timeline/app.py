"""The composition root of timeline: the only file that sees everything."""

from functools import partial

from crm_contracts import registry, topics
from fastapi import FastAPI

from services.timeline.adapters.generations import Generations, LiveEntries
from services.timeline.adapters.mongo import BINDINGS
from services.timeline.adapters.rebuilds import ONE_OPEN, REBUILD_INDEXES, REBUILDS, RebuildViews
from services.timeline.domain.bindings import Bindings
from services.timeline.domain.rebuild import Rebuild, RebuildRunning
from services.timeline.entrypoints.events import REACTIONS, on_events
from services.timeline.entrypoints.http import build_rebuild_router, build_router
from services.timeline.settings import TimelineSettings
from services.timeline.usecases.run_rebuild import run_rebuild
from services.timeline.usecases.sweep_generations import sweep_generations
from shared.kit.service.process import run
from shared.kit.service.service import Contracts, Service


def build() -> tuple[FastAPI, TimelineSettings]:
    """Settings, then repositories, then the ways in."""
    settings = TimelineSettings()
    service = Service(
        "timeline", topics.TIMELINE, Contracts(registry.parse, topics.dead_letters, registry.EVENTS), settings
    )
    generations = Generations(service.database)
    service.before_start(generations.ensure_live)
    entries = LiveEntries(generations)
    bindings = service.repository(Bindings, BINDINGS)
    rebuilds = service.repository(Rebuild, REBUILDS, indexes=REBUILD_INDEXES, taken={ONE_OPEN: RebuildRunning})
    views = RebuildViews(rebuilds)
    service.subscribe(topics.ALL, REACTIONS, batch_handler=on_events, entries=entries)
    work = partial(
        run_rebuild,
        holder=service.new_id(),
        views=views,
        rebuilds=rebuilds,
        generations=generations,
        open_log=service.replay,
        server_time=service.database.now,
        new_id=service.new_id,
        held_s=settings.rebuild_held_s,
    )
    sweep = partial(
        sweep_generations,
        views=views,
        rebuilds=rebuilds,
        generations=generations,
        server_time=service.database.now,
        new_id=service.new_id,
        kept_s=settings.old_projection_kept_s,
    )
    service.every(settings.rebuild_check_s, work)
    service.every(settings.rebuild_check_s, sweep)
    api = build_router(entries=entries, bindings=bindings)
    admin = build_rebuild_router(rebuilds=rebuilds, views=views, generations=generations, now=service.database.now)
    return service.app(api, admin, description="What happened to each element, and why."), settings


if __name__ == "__main__":
    run(build, "timeline")
