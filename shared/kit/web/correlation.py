"""Middleware for correlation ids, request metrics and unexpected errors."""

import re
from contextlib import nullcontext
from time import monotonic
from uuid import uuid4

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kit.storage.errors import is_transient
from shared.kit.telemetry.logs import log, logged_with
from shared.kit.telemetry.metrics import HTTP_IN_PROGRESS, HTTP_SECONDS
from shared.kit.telemetry.spans import record_response
from shared.kit.telemetry.tracing import Traces
from shared.kit.web.limits import TooLarge
from shared.kit.web.problems import DatabaseUnavailable, problem

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_ACCEPTED = 202
_REFUSED = 400
_FAILED = 500
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SAFE_ID = re.compile(r"[\w.:@/-]{1,128}")


class Correlation:
    """Gives each request its correlation id, and answers unexpected errors with a plain 500 or 503."""

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
        # Health and metrics are requested all the time, and cause nothing.
        traced = scope["path"].startswith("/v1/")
        serving = self._traces.serving(method, headers.get("traceparent"), correlation_id) if traced else nullcontext()
        started, status = monotonic(), _FAILED

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-Id"] = correlation_id
                if (wait := scope["state"].get("wait")) and wait.applied:
                    headers["Preference-Applied"] = wait.applied
                if status == _ACCEPTED:
                    headers["Retry-After"] = "1"
            await send(message)

        with HTTP_IN_PROGRESS.track_inprogress(), serving, logged_with(correlation_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception as error:  # noqa: BLE001 - the caller gets a plain answer
                await _unexpected(Request(scope), error)(scope, receive, send_with_id)
            route = getattr(scope.get("route"), "path", None)
            HTTP_SECONDS.labels(method, route or "unmatched", str(status)).observe(monotonic() - started)
            record_response(method, route, status)
            if status >= _REFUSED and status != _FAILED and method not in _READING:
                _log_refusal(scope, method, route, status)


def _unexpected(request: Request, error: Exception) -> Response:
    """Answer an error for which nothing else has an answer; called while it is handled."""
    if isinstance(error, TooLarge):
        return problem(request, error.status_code, error.code, str(error.detail))
    if is_transient(error):
        log.warning("database away", error=type(error).__name__)
        return problem(request, 503, DatabaseUnavailable.code, "The database is away; try again later.")
    log.exception("request failed")
    return problem(request, _FAILED, "internal_error", "The service failed; report the correlation_id.")


def _log_refusal(scope: Scope, method: str, route: str | None, status: int) -> None:
    """Log that a write was refused: no contents, and of the path only what is certainly an id.

    The correlation id, which the caller was given, is on the line by `logged_with`.
    """
    ids = {name: value for name, value in scope.get("path_params", {}).items() if _ID.fullmatch(str(value))}
    code = scope["state"].get("problem_code")
    log.info("write refused", method=method, route=route or "unmatched", status=status, code=code, **ids)
