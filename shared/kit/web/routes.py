"""Routes that check the caller and the request first, and honour `Idempotency-Key`."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response, params
from fastapi.routing import APIRoute

from shared.kit.domain import invalid_field
from shared.kit.web.call import PERMISSIONS
from shared.kit.web.conditions import IDEMPOTENCY_KEY
from shared.kit.web.context import caller_of, context_of, permitted_caller
from shared.kit.web.idempotency import MAX_KEY, is_refused_whole
from shared.kit.web.known_input import KnownInput
from shared.kit.web.openapi.names import summary_of
from shared.kit.web.problems import DatabaseUnavailable, is_refusal
from shared.kit.web.reading import spared

_REFUSED = 400


def is_process(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an endpoint whose repeat is answered with the current state, not with the first answer."""
    endpoint.is_process = True  # type: ignore[attr-defined]
    return endpoint


class CheckedRoute(APIRoute):
    """A route that checks the caller, and then that it knows everything that was sent.

    Before validation, so that unauthenticated callers never see validation errors; before idempotency, so that callers
    without the permission store nothing, and get no stored answer.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        text = options.get("description") or endpoint.__doc__ or ""
        super().__init__(path, endpoint, **{**options, "summary": options.get("summary") or summary_of(text) or None})

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Wrap the endpoint's handler: see `APIRoute`."""
        checked = super().get_route_handler()
        calls = (dependency.call for dependency in self.dependant.dependencies)
        needed = [PERMISSIONS[call] for call in calls if call in PERMISSIONS]
        known = KnownInput.of(self)

        async def handle(request: Request) -> Response:
            await caller_of(request)
            for permission in needed:
                await permitted_caller(request, permission)
            await known.check(request)
            return spared(request, await checked(request))

        return handle


class IdempotentRoute(APIRoute):
    """A route that honours `Idempotency-Key` on POST, and answers at once where the database is away."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: set[str] | list[str] | None = None,
        dependencies: Sequence[params.Depends] = (),
        **options: Any,
    ) -> None:
        """Declare the key where it is acted on."""
        if "POST" in (methods or ()) and IDEMPOTENCY_KEY not in (dependencies or ()):
            dependencies = [*(dependencies or ()), IDEMPOTENCY_KEY]
        super().__init__(path, endpoint, methods=methods, dependencies=dependencies, **options)

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Wrap the endpoint's handler: see `APIRoute`."""
        original = super().get_route_handler()
        answers_with_state = getattr(self.endpoint, "is_process", False)

        async def handle(request: Request) -> Response:
            if context_of(request).is_database_away():
                # The driver would wait for a primary, and requests would pile up.
                raise DatabaseUnavailable("The database is away; try again later.")
            key = request.headers.get("idempotency-key")
            if request.method != "POST" or key is None:
                response: Response = await original(request)
                return response
            return await _once(request, key, original, answers_with_state=answers_with_state)

        return handle


async def _once(
    request: Request, key: str, original: Callable[[Request], Any], *, answers_with_state: bool
) -> Response:
    """Handle a request with a key, or answer its repeat; after a change of the caller's rights it is handled again.

    A refusal is not stored and frees the key for another body, because nothing was written. Nor is an answer that asks
    for a repeat, which goes on with what is missing.
    """
    if not 1 <= len(key) <= MAX_KEY:
        raise invalid_field("idempotency-key", "length", f"1 to {MAX_KEY} characters are allowed")
    # A stale copy is another request than a new one, also for a repeat.
    condition = request.headers.get("if-match", "")
    asked = f"{request.method} {request.url.path}?{request.url.query}\n{condition}\n".encode()
    digest = hashlib.sha256(asked + await request.body())
    keys, caller = context_of(request).keys, await caller_of(request)
    rights = await context_of(request).authority.mark(caller)
    keyed = await keys.begin(caller, key, digest.hexdigest(), rights=rights)
    request.state.keyed = keyed
    if keyed.answer is not None and not answers_with_state:
        stored = keyed.answer
        return Response(stored["body"], stored["status"], {**stored["headers"], "idempotent-replayed": "true"})
    try:
        response: Response = await original(request)
    except Exception as error:
        if is_refusal(error):
            await keys.free(keyed)
        raise
    if is_refused_whole(request):
        await keys.free(keyed)
        return response
    is_final = response.status_code < _REFUSED and "retry-after" not in response.headers
    if is_final and not answers_with_state:
        await keys.finish(keyed, response)
    return response


class Route(CheckedRoute, IdempotentRoute):
    """A route of `/v1`: the request is checked, then its key."""


def router(*tags: str) -> APIRouter:
    """Make a router for `/v1` endpoints.

    Note:
        Routers with endpoints are combined in a plain `APIRouter`: a prefix of the outer router is missing in the route
        that metrics and traces name.
    """
    return APIRouter(prefix="/v1", route_class=Route, tags=list(tags))
