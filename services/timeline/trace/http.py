"""Read traces over HTTP."""

from typing import Annotated

from fastapi import APIRouter

from services.timeline.entry.store.live import LiveEntries
from services.timeline.trace.domain import MAX_STEPS, Trace, trace_of
from shared.kit.domain import NotFound
from shared.kit.web.call import Call, needs
from shared.kit.web.routes import router

CanRead = Annotated[Call, needs("timeline:read")]


def build_router(*, entries: LiveEntries) -> APIRouter:
    """Build the endpoint over the entries."""
    api = router()

    @api.get("/timeline/traces/{correlation_id}", tags=["trace"])
    async def trace(correlation_id: str, call: CanRead) -> Trace:
        """Read the events with a correlation id, as a tree of causes over the services."""
        found, truncated = await entries.correlated(correlation_id, access=call.caller, limit=MAX_STEPS)
        tree = trace_of(correlation_id, found, truncated=truncated)
        if tree is None:
            message = f"Nothing is known of {correlation_id}."
            raise NotFound(message)
        return tree

    return api
