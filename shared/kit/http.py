"""HTTP as every service speaks it: problem details, caller, cause, versions, idempotency keys, pages, waiting.

The surprise: a POST with an `Idempotency-Key` gets the id of what it will create *before* it runs. A repeat that finds
no stored answer goes on with the same id, so that dying halfway doubles nothing.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated, Any, Generic, TypeVar
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kit.auth import Authenticator, Caller, Forbidden, Unauthenticated
from shared.kit.domain import (
    Cause,
    Clock,
    Conflict,
    DomainError,
    Invalid,
    NewId,
    NotFound,
    Refused,
    Unavailable,
    invalid_field,
)
from shared.kit.limits import Limits, TooLarge
from shared.kit.mongo import Collection, DuplicateKey, Index, is_transient
from shared.kit.observability import HTTP_IN_PROGRESS, HTTP_SECONDS, WAITERS, WAITERS_LIMIT, log, logged_with
from shared.kit.openapi import PROBLEM, describe_errors
from shared.kit.pages import MAX_PAGE
from shared.kit.repository import Stale
from shared.kit.tracing import Traces, answered, current_traceparent

MAX_WAIT_S = 60.0
MAX_KEY = 255
MAX_CURSOR = 4_000
IDEMPOTENCY_INDEXES = (Index([("created_at", 1)], expire_after_s=24 * 3600, name="expiry"),)

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_IF_MATCH = r'^(\*|(W/)?"?[0-9]{1,18}"?)$'
_SAFE_ID = re.compile(r"[\w.:@/-]{1,128}")
_STATUS: Sequence[tuple[type[DomainError], int]] = (
    (Stale, 412),
    (NotFound, 404),
    (Invalid, 422),
    (Refused, 409),
    (Conflict, 409),
    (Unavailable, 503),
)

T = TypeVar("T")


class Input(BaseModel):
    """A request body: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


class WrongField(BaseModel):
    """One wrong field of a request."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 problem details with a stable `code`."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str | None = None
    correlation_id: str | None = None
    errors: list[WrongField] = []


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


class IdempotencyKeys:
    """Remembers for 24 hours which id a key's request works with, and what was answered."""

    def __init__(self, collection: Collection, *, clock: Clock, new_id: NewId) -> None:
        self._collection = collection
        self._clock = clock
        self._new_id = new_id

    async def begin(self, caller: Caller, key: str, body_hash: str) -> dict[str, Any]:
        """The record of this key, made now or found.

        Raises:
            Conflict: the key was used for another request.
        """
        id_ = hashlib.sha256(f"{caller.actor}\n{key}".encode()).hexdigest()
        record = {"_id": id_, "body_hash": body_hash, "new_id": self._new_id(), "created_at": self._clock()}
        try:
            await self._collection.insert(record)
        except DuplicateKey:
            found = await self._collection.get(id_)
            if found is not None and found["body_hash"] != body_hash:
                raise _KeyReused("The Idempotency-Key was used for another request.") from None
            record = found or record
        return record

    async def finish(self, record: Mapping[str, Any], response: Response) -> None:
        """Keep the answer for repeats."""
        answer = {
            "status": response.status_code,
            "headers": {n: v for n, v in response.headers.items() if n in {"content-type", "etag", "location"}},
            "body": bytes(response.body),
        }
        await self._collection.update({"_id": record["_id"]}, {"$set": {"answer": answer}})


class _KeyReused(Conflict):
    code = "idempotency_key_reused"


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


class DatabaseUnavailable(Unavailable):
    """The database is away, so nothing can be read or written."""

    code = "database_unavailable"


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

        async def handle(request: Request) -> Response:
            if _surroundings(request).is_database_away():
                # At once: the driver would wait for a primary, and callers pile up behind it.
                raise DatabaseUnavailable("The database is away; try again later.")
            # Before anything else is looked at: who is unknown learns nothing about what would be wrong.
            caller = await _caller(request)
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


_bearer = HTTPBearer(auto_error=False, description="JWT; see the service's permissions.")


def reads(permission: str) -> Any:
    """Dependency of an endpoint that only reads: the `Call`, if the caller has the permission."""

    async def call(request: Request, _: Annotated[object, Depends(_bearer)]) -> Call:
        return await _call(request, permission)

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

    return Depends(call)


async def _call(request: Request, permission: str, *, if_match: str | None = None, prefer: str | None = None) -> Call:
    caller = await _caller(request)
    if not caller.may(permission):
        raise Forbidden(permission)
    surroundings = _surroundings(request)
    record = getattr(request.state, "idempotency", None)
    new_id = record["new_id"] if record else surroundings.new_id()
    return Call(
        caller=caller,
        cause=Cause(
            key=f"key:{record['_id']}" if record else f"request:{new_id}",
            actor=caller.actor,
            at=surroundings.clock(),
            correlation_id=request.state.correlation_id,
            traceparent=current_traceparent(),
        ),
        new_id=new_id,
        if_match=_version(if_match),
        wait_s=_wait(prefer),
    )


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


def problem(
    request: Request, status: int, code: str, title: str, detail: str | None = None, **more: Any
) -> JSONResponse:
    """An error answer (RFC 9457)."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "correlation_id": getattr(request.state, "correlation_id", None),
        **more,
    }
    headers = {"Retry-After": "1"} if status == 503 else {}  # noqa: PLR2004
    if status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, media_type=PROBLEM)


def domain_problem(request: Request, error: DomainError) -> JSONResponse:
    """The answer to a refusal of the domain; the status follows from its kind."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    title = type(error).__name__
    return problem(request, status, error.code, title, str(error), **dict(error.details))


def _validation_problem(request: Request, error: RequestValidationError) -> JSONResponse:
    wrong = [
        {
            "field": ".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0]),
            "code": found["type"],
            "message": found["msg"],
        }
        for found in error.errors()
    ]
    return problem(request, 422, "invalid_fields", "Invalid request", f"{len(wrong)} wrong", errors=wrong)


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(DomainError)
    async def _domain(request: Request, error: DomainError) -> Response:
        return domain_problem(request, error)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        return _validation_problem(request, error)

    @app.exception_handler(Unauthenticated)
    async def _unauthenticated(request: Request, error: Unauthenticated) -> Response:
        return problem(request, 401, "unauthenticated", "Unauthenticated", str(error))

    @app.exception_handler(Forbidden)
    async def _forbidden(request: Request, error: Forbidden) -> Response:
        return problem(request, 403, "forbidden", "Forbidden", f"the permission {error} is needed")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = error.code if isinstance(error, TooLarge) else "http_error"
        answer = problem(request, error.status_code, code, str(error.detail))
        if methods := error.status_code == 405 and _documented_methods(request):  # noqa: PLR2004
            answer.headers["Allow"] = ", ".join(methods)
        return answer


def _documented_methods(request: Request) -> list[str]:
    """Those of all routes of this path; the framework names those of the first route alone."""
    path = getattr(request.scope.get("route"), "path", None)
    return sorted(method.upper() for method in request.app.openapi()["paths"].get(path, ()))


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
    _add_error_handlers(app)
    for each in routers:
        app.include_router(each)
    app.add_middleware(
        Limits, max_body_bytes=surroundings.max_body_bytes, max_header_bytes=surroundings.max_header_bytes
    )
    app.add_middleware(_Correlation, traces=surroundings.traces)
    describe_errors(app, Problem)
    return app
