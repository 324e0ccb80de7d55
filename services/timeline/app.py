"""The composition root of timeline: the only file that sees everything."""

from crm_contracts import registry, topics
from fastapi import FastAPI

from services.timeline.adapters.generations import Generations, LiveEntries
from services.timeline.adapters.mongo import BINDINGS
from services.timeline.domain.bindings import Bindings
from services.timeline.entrypoints.events import REACTIONS
from services.timeline.entrypoints.http import build_router
from services.timeline.settings import TimelineSettings
from shared.kit.service import Contracts, Service, run


def build() -> tuple[FastAPI, TimelineSettings]:
    """Settings, then repositories, then the ways in."""
    settings = TimelineSettings()
    service = Service("timeline", topics.TIMELINE, Contracts(registry.parse, topics.dead_letters), settings)
    generations = Generations(service.database)
    service.before_start(generations.ensure_live)
    entries = LiveEntries(generations)
    bindings = service.repository(Bindings, BINDINGS)
    service.hear(topics.ALL, REACTIONS, entries=entries)
    api = build_router(entries=entries, bindings=bindings)
    return service.app(api, description="What happened to each element, and why."), settings


if __name__ == "__main__":
    run(build, "timeline")
