"""Routes that check the caller first and honour `Idempotency-Key`."""

import hashlib
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from shared.kit.domain import invalid_field
from shared.kit.web.auth import check_permission
from shared.kit.web.call import PERMISSIONS
from shared.kit.web.context import caller_of, context_of
from shared.kit.web.idempotency import MAX_KEY
from shared.kit.web.problems import DatabaseUnavailable


def is_process(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an endpoint whose repeat is answered with the current state, not with the first answer."""
    endpoint.is_process = True  # type: ignore[attr-defined]
    return endpoint


class IdempotentRoute(APIRoute):
    """A route that honours `Idempotency-Key` on POST, and answers at once where the database is away."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Wrap the endpoint's handler: see `APIRoute`."""
        original = super().get_route_handler()
        answers_with_state = getattr(self.endpoint, "is_process", False)
        calls = (dependency.call for dependency in self.dependant.dependencies)
        needed = [PERMISSIONS[call] for call in calls if call in PERMISSIONS]

        async def handle(request: Request) -> Response:
            if context_of(request).is_database_away():
                # The driver would wait for a primary, and requests would pile up.
                raise DatabaseUnavailable("The database is away; try again later.")
            # Before validation: unauthenticated callers never see validation errors.
            # Before idempotency: callers without the permission store nothing, and get no stored answer.
            caller = await caller_of(request)
            for permission in needed:
                check_permission(caller, permission)
            key = request.headers.get("idempotency-key")
            if request.method != "POST" or key is None:
                return await original(request)
            if not 1 <= len(key) <= MAX_KEY:
                raise invalid_field("Idempotency-Key", "length", f"1 to {MAX_KEY} characters are allowed")
            digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + await request.body())
            keys = context_of(request).keys
            record = await keys.begin(caller, key, digest.hexdigest())
            request.state.idempotency = record
            if "answer" in record and not answers_with_state:
                stored = record["answer"]
                return Response(stored["body"], stored["status"], {**stored["headers"], "idempotent-replayed": "true"})
            response: Response = await original(request)
            if response.status_code < 500 and not answers_with_state:  # noqa: PLR2004 - 5xx is never stored
                await keys.finish(record, response)
            return response

        return handle


def router(*tags: str) -> APIRouter:
    """Make a router for `/v1` endpoints.

    Note:
        Routers with endpoints are combined in a plain `APIRouter`: a prefix of the outer router is missing in the route
        that metrics and traces name.
    """
    return APIRouter(prefix="/v1", route_class=IdempotentRoute, tags=list(tags))
