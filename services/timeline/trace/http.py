"""Read traces over HTTP."""

from typing import Annotated

from fastapi import APIRouter

from services.timeline.access.http import readable_by
from services.timeline.access.usecases import AccessOfElements
from services.timeline.entry.store.live import LiveEntries
from services.timeline.trace.domain import MAX_STEPS, Trace, trace_of
from shared.kit.domain import NotFound
from shared.kit.web.call import Call, needs
from shared.kit.web.routes import router

CanRead = Annotated[Call, needs("timeline:read")]


def build_router(*, entries: LiveEntries, accessed: AccessOfElements) -> APIRouter:
    """Build the endpoint over the entries, and who may read their elements."""
    api = router()

    @api.get("/timeline/traces/{correlation_id}", tags=["trace"])
    async def trace(correlation_id: str, call: CanRead) -> Trace:
        """Read the events with a correlation id, as a tree of causes over the services.

        Steps are left out of which the caller may read no element; what they led to is below what led to them (TL-12).
        """
        found, truncated = await entries.correlated(correlation_id, limit=MAX_STEPS)
        readable = readable_by(call, accessed)
        shown = None if readable is None else await readable({str(entry.element) for entry in found})
        tree = trace_of(correlation_id, found, truncated=truncated, shown=shown)
        if tree is None:
            message = f"Nothing is known of {correlation_id}."
            raise NotFound(message)
        return tree

    return api
