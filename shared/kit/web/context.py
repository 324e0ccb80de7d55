"""Collaborators that the composition root gives to the HTTP layer."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request

from shared.kit.domain import Clock, NewId
from shared.kit.telemetry.tracing import Traces
from shared.kit.web.auth import Authenticator, Caller
from shared.kit.web.idempotency import IdempotencyKeys
from shared.kit.web.waiting import LongPolls


@dataclass(frozen=True)
class AppContext:
    """Collaborators and limits of the HTTP layer."""

    service: str
    authenticator: Authenticator
    keys: IdempotencyKeys
    long_polls: LongPolls
    clock: Clock
    new_id: NewId
    is_database_away: Callable[[], bool]
    max_body_bytes: int = 1024 * 1024
    max_header_bytes: int = 16 * 1024
    traces: Traces = field(default_factory=Traces)


def context_of(request: Request) -> AppContext:
    """Return the context of the app that serves the request."""
    app_context: AppContext = request.app.state.app_context
    return app_context


async def caller_of(request: Request) -> Caller:
    """Authenticate the request, once."""
    if not hasattr(request.state, "caller"):
        request.state.caller = await context_of(request).authenticator.caller(request.headers.get("authorization"))
    caller: Caller = request.state.caller
    return caller
