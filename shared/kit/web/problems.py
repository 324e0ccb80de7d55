"""Answer every error with problem details (RFC 9457) and a stable `code`.

The status follows from the kind of the domain's error, by one table; nothing else chooses a status.
"""

import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.kit.domain import Conflict, DomainError, Invalid, NotFound, Refused, Unavailable
from shared.kit.storage.repository_errors import VersionMismatch
from shared.kit.web.auth import Forbidden
from shared.kit.web.limits import TooLarge
from shared.kit.web.openapi.errors import PROBLEM
from shared.kit.web.signing_keys import Unauthenticated

_STATUS: Sequence[tuple[type[DomainError], int]] = (
    (VersionMismatch, 412),
    (NotFound, 404),
    (Invalid, 422),
    (Refused, 409),
    (Conflict, 409),
    (Unavailable, 503),
)


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


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached."""

    code = "database_unavailable"


def problem(
    request: Request, status: int, code: str, title: str, detail: str | None = None, **more: Any
) -> JSONResponse:
    """Make an error answer."""
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


def _status_of(error: DomainError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def is_refusal(error: Exception) -> bool:
    """Return whether an error is answered with 4xx: the request was refused, and nothing was written."""
    if isinstance(error, DomainError):
        return _status_of(error) < 500  # noqa: PLR2004
    if isinstance(error, HTTPException):
        return error.status_code < 500  # noqa: PLR2004
    return isinstance(error, (RequestValidationError, Forbidden))


def domain_problem(request: Request, error: DomainError) -> JSONResponse:
    """Make the answer to a domain error, with the status of its kind."""
    status = _status_of(error)
    return problem(request, status, error.code, error.title or type(error).__name__, str(error), **dict(error.details))


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


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of the app with a problem."""

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
        is_one = len(error.permissions) == 1
        detail = f"the permission {error} is needed" if is_one else f"the permissions {error} are needed"
        return problem(request, 403, "forbidden", "Forbidden", detail, permissions=list(error.permissions))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = error.code if isinstance(error, TooLarge) else "http_error"
        answer = problem(request, error.status_code, code, str(error.detail))
        answer.headers.update(error.headers or {})
        if methods := error.status_code == 405 and _documented_methods(request):  # noqa: PLR2004
            answer.headers["Allow"] = ", ".join(methods)
        return answer


def _documented_methods(request: Request) -> list[str]:
    """List the methods of all routes of the request's path; the framework lists those of the first route alone."""
    documented: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    for held in ("[^/]+", ".+"):  # a parameter may hold slashes; the most specific path counts
        pattern = {path: re.sub(r"{\w+}", held, path) for path in documented}
        fitting = [path for path in documented if re.fullmatch(pattern[path], request.url.path)]
        if fitting:
            return sorted(method.upper() for method in documented[max(fitting, key=len)])
    return []
