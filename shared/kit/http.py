"""HTTP as every service speaks it: caller, cause, versions, pages, waiting.

The surprise: who asks is settled before anything else is looked at. Whoever is unknown learns nothing of what else
would be wrong.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated, Any, Generic, TypeVar
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kit.auth import Authenticator, Caller, Forbidden
from shared.kit.domain import (
    Cause,
    Clock,
    NewId,
    invalid_field,
)
from shared.kit.idempotency import MAX_KEY, IdempotencyKeys
from shared.kit.limits import Limits, TooLarge
from shared.kit.mongo import is_transient
from shared.kit.observability import HTTP_IN_PROGRESS, HTTP_SECONDS, WAITERS, WAITERS_LIMIT, log, logged_with
from shared.kit.openapi import describe_errors
from shared.kit.pages import MAX_PAGE
from shared.kit.problems import DatabaseUnavailable, Problem, add_error_handlers, problem
from shared.kit.tracing import Traces, answered, current_traceparent

MAX_WAIT_S = 60.0
MAX_CURSOR = 4_000

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_IF_MATCH = r'^(\*|(W/)?"?[0-9]{1,18}"?)$'
_SAFE_ID = re.compile(r"[\w.:@/-]{1,128}")
T = TypeVar("T")


class Input(BaseModel):
    """A request body: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as use cases need it.

    Attributes:
        new_id: id for what the request creates; the same when the request is repeated with its key.
        if_match: version that the caller has seen.
        wait_s: how long the caller is ready to wait for a process, 0 for not at all.
    """

    caller: Caller
    cause: Cause
    new_id: str
    if_match: int | None = None
    wait_s: float = 0.0


class Waiters:
    """Requests that wait for a process to end, bounded: beyond the bound nobody waits, and nobody while we stop."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._stopping = False
        WAITERS_LIMIT.set(limit)

    def send_away(self) -> None:
        """Whoever waits is answered with what there is now: the service is about to stop."""
        self._stopping = True

    async def until(self, read: Callable[[], Awaitable[T]], ended: Callable[[T], bool], wait_s: float) -> T:
        """The first reading that shows the end, or the last one when the time is over."""
        reading = await read()
        if ended(reading) or wait_s <= 0 or self._free <= 0:
            return reading
        self._free -= 1
        WAITERS.inc()
        try:
            deadline, pause = monotonic() + wait_s, 0.02
            while not (ended(reading) or self._stopping) and (left := deadline - monotonic()) > 0:
                await asyncio.sleep(min(pause, left))
                pause = min(pause * 1.3, 0.25)
                reading = await read()
            return reading
        finally:
            self._free += 1
            WAITERS.dec()


@dataclass(frozen=True)
class Surroundings:
    """What the HTTP side of a service is given by its composition root."""

    service: str
    authenticator: Authenticator
    keys: IdempotencyKeys
    waiters: Waiters
    clock: Clock
    new_id: NewId
    is_database_away: Callable[[], bool]
    max_body_bytes: int = 1024 * 1024
    max_header_bytes: int = 16 * 1024
    traces: Traces = field(default_factory=Traces)


def _surroundings(request: Request) -> Surroundings:
    surroundings: Surroundings = request.app.state.surroundings
    return surroundings


async def _caller(request: Request) -> Caller:
    if not hasattr(request.state, "caller"):
        request.state.caller = await _surroundings(request).authenticator.caller(request.headers.get("authorization"))
    caller: Caller = request.state.caller
    return caller


def is_process(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an endpoint whose repeat is answered with the current state, not with the first answer."""
    endpoint.is_process = True  # type: ignore[attr-defined]
    return endpoint


class IdempotentRoute(APIRoute):
    """A route that honours `Idempotency-Key` on POST, and keeps nobody waiting for a database that is away."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """See `APIRoute`."""
        original = super().get_route_handler()
        answers_with_state = getattr(self.endpoint, "is_process", False)
        calls = (dependency.call for dependency in self.dependant.dependencies)
        needed = [_PERMISSIONS[call] for call in calls if call in _PERMISSIONS]

        async def handle(request: Request) -> Response:
            if _surroundings(request).is_database_away():
                # At once: the driver would wait for a primary, and callers pile up behind it.
                raise DatabaseUnavailable("The database is away; try again later.")
            # Before anything else is looked at: who is unknown learns nothing about what would be wrong.
            # Whoever has not the right leaves nothing behind, and gets no stored answer of better days.
            caller = await _caller(request)
            for permission in needed:
                _allow(caller, permission)
            key = request.headers.get("idempotency-key")
            if request.method != "POST" or key is None:
                return await original(request)
            if not 1 <= len(key) <= MAX_KEY:
                raise invalid_field("Idempotency-Key", "length", f"1 to {MAX_KEY} characters are allowed")
            digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + await request.body())
            keys = _surroundings(request).keys
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


def router() -> APIRouter:
    """A router for a service's `/v1` endpoints."""
    return APIRouter(prefix="/v1", route_class=IdempotentRoute)


_PERMISSIONS: dict[Any, str] = {}
"""What each dependency made below asks for, so that a route knows it before anything else is looked at."""

_bearer = HTTPBearer(auto_error=False, description="JWT; see the service's permissions.")


def reads(permission: str) -> Any:
    """Dependency of an endpoint that only reads: the `Call`, if the caller has the permission."""

    async def call(request: Request, _: Annotated[object, Depends(_bearer)]) -> Call:
        return await _call(request, permission)

    _PERMISSIONS[call] = permission
    return Depends(call)


def writes(permission: str) -> Any:
    """Dependency of an endpoint that writes: also reads `If-Match`, `Idempotency-Key` and `Prefer: wait=N`."""

    async def call(
        request: Request,
        _: Annotated[object, Depends(_bearer)],
        if_match: Annotated[
            str | None, Header(pattern=_IF_MATCH, description="version seen, as in ETag; `*` for any")
        ] = None,
        idempotency_key: Annotated[  # noqa: ARG001 - read by the route
            str | None, Header(min_length=1, max_length=MAX_KEY, description="on POST: a repeat is the same request")
        ] = None,
        prefer: Annotated[str | None, Header(description="`wait=N`: seconds to wait for a process")] = None,
    ) -> Call:
        return await _call(request, permission, if_match=if_match, prefer=prefer)

    _PERMISSIONS[call] = permission
    return Depends(call)


async def _call(request: Request, permission: str, *, if_match: str | None = None, prefer: str | None = None) -> Call:
    caller = await _caller(request)
    _allow(caller, permission)
    surroundings = _surroundings(request)
    record = getattr(request.state, "idempotency", None)
    new_id = record["new_id"] if record else surroundings.new_id()
    return Call(
        caller=caller,
        cause=Cause(
            # Not the key itself: a document may remember its causes for longer than the key lives.
            key=f"key:{new_id}" if record else f"request:{new_id}",
            actor=caller.actor,
            at=surroundings.clock(),
            correlation_id=request.state.correlation_id,
            traceparent=current_traceparent(),
        ),
        new_id=new_id,
        if_match=_version(if_match),
        wait_s=_wait(prefer),
    )


def _allow(caller: Caller, permission: str) -> None:
    if not caller.may(permission):
        raise Forbidden(permission)


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    return int(if_match.removeprefix("W/").strip('"'))


def _wait(prefer: str | None) -> float:
    found = re.search(r"(?:^|[,;\s])wait=(\d+)", prefer or "")
    return min(float(found.group(1)), MAX_WAIT_S) if found else 0.0


def etag(version: int) -> dict[str, str]:
    """The header that tells the version."""
    return {"ETag": f'"{version}"'}


Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]


def cursor_of(kind: str) -> Any:
    """The query parameter that says where a page begins; the kind is that of the list's order."""
    about = "`next_cursor` of the page before"
    return Query(max_length=MAX_CURSOR, description=about, json_schema_extra={"format": f"cursor-of-{kind}"})


Cursor = Annotated[str | None, cursor_of("newest")]


class _Correlation:
    """Gives each request its correlation id, and turns the unexpected into a plain 500 or 503."""

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self.app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-correlation-id", "")
        correlation_id = given if _SAFE_ID.fullmatch(given) else str(uuid4())
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        # Health and metrics are asked for all the time, and set nothing in motion.
        traced = scope["path"].startswith("/v1/")
        serving = self._traces.serving(method, headers.get("traceparent"), correlation_id) if traced else nullcontext()
        started, status = monotonic(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Correlation-Id"] = correlation_id
            await send(message)

        with HTTP_IN_PROGRESS.track_inprogress(), serving, logged_with(correlation_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a plain answer
                request = Request(scope)
                if isinstance(error, TooLarge):
                    answer = problem(request, error.status_code, error.code, str(error.detail))
                elif is_transient(error):
                    log.warning("database away", error=type(error).__name__)
                    answer = problem(request, 503, DatabaseUnavailable.code, DatabaseUnavailable.__name__)
                else:
                    log.exception("request failed")
                    answer = problem(request, 500, "internal_error", "Internal error")
                await answer(scope, receive, send_with_id)
            route = getattr(scope.get("route"), "path", None)
            HTTP_SECONDS.labels(method, route or "unmatched", str(status)).observe(monotonic() - started)
            answered(method, route, status)


def make_app(
    surroundings: Surroundings, routers: Sequence[APIRouter], lifespan: Callable[[], Any], *, description: str
) -> FastAPI:
    """The service's app; its API docs need no internet."""

    @asynccontextmanager
    async def lifespan_of(_: FastAPI) -> Any:
        async with lifespan():
            yield

    app = FastAPIOffline(
        title=f"CRM {surroundings.service}",
        description=description,
        version="1",
        lifespan=lifespan_of,
        # Ours are described below; without this, FastAPI adds its own 422.
        responses={"default": {"description": "Problem details"}},
    )
    app.state.surroundings = surroundings
    add_error_handlers(app)
    for each in routers:
        app.include_router(each)
    app.add_middleware(
        Limits, max_body_bytes=surroundings.max_body_bytes, max_header_bytes=surroundings.max_header_bytes
    )
    app.add_middleware(_Correlation, traces=surroundings.traces)
    describe_errors(app, Problem)
    return app
