"""Collaborators that the composition root gives to the HTTP layer."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from fastapi import Request

from shared.kit.domain import Clock, NewId
from shared.kit.telemetry.tracing import Traces
from shared.kit.web.auth import Authenticator, Caller, check_permission
from shared.kit.web.guard import Authority, TokensAlone
from shared.kit.web.idempotency import IdempotencyKeys
from shared.kit.web.waiting import LongPolls

_OF_LISTS: Final = frozenset({"cursor", "filter"})
"""What a list of records takes."""


@dataclass(frozen=True)
class AppContext:
    """Collaborators and limits of the HTTP layer.

    Attributes:
        elsewhere: by the name of a parameter that callers try at lists which do not take it, what does its work.
    """

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
    authority: Authority = field(default_factory=TokensAlone)
    elsewhere: Mapping[str, str] = field(default_factory=dict)


def context_of(request: Request) -> AppContext:
    """Return the context of the app that serves the request."""
    app_context: AppContext = request.app.state.app_context
    return app_context


def elsewhere_of(request: Request, name: str, taken: Collection[str]) -> str:
    """Say what does the work of a name that a list of records does not take, as the end of a message; `taken` it does.

    It is empty where nothing is known of the name, and where the request is for no list that is filtered page by page.
    """
    said = context_of(request).elsewhere.get(name)
    return f"; {said}" if said and _OF_LISTS.issubset(taken) else ""


async def caller_of(request: Request) -> Caller:
    """Authenticate the request, once."""
    if not hasattr(request.state, "caller"):
        request.state.caller = await context_of(request).authenticator.caller(request.headers.get("authorization"))
    caller: Caller = request.state.caller
    return caller


async def permitted_caller(request: Request, permission: str) -> Caller:
    """Authenticate the request, and check that its caller has a permission, by the token or by what grants it.

    A token with scopes is limited to them, whatever may be granted to its bearer.

    Raises:
        Forbidden: the caller lacks it.
    """
    caller = await caller_of(request)
    is_missing = not caller.may(permission) and not caller.is_limited
    if is_missing and await context_of(request).authority.grants(caller, permission):
        caller = request.state.caller = replace(caller, opened=caller.opened | {permission})
    check_permission(caller, permission)
    return caller
