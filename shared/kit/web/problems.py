"""Answer every error with problem details (RFC 9457) and a stable `code`.

The status follows from the kind of the domain's error, by one table; nothing else chooses a status.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.kit.domain import DomainError, Unavailable, Wrong, sentence_of
from shared.kit.web.auth import Forbidden
from shared.kit.web.error_codes import status_of, title_of
from shared.kit.web.openapi.errors import PROBLEM
from shared.kit.web.signing_keys import Unauthenticated
from shared.kit.web.wording import wrong_field_of

_BODY: Final = 400
_ADDRESS: Final = 404
_METHOD: Final = 405
_CODES: Final[Mapping[int, str]] = {
    _BODY: "unreadable_body",
    _ADDRESS: "no_such_address",
    _METHOD: "method_not_allowed",
}
"""Of the framework's own errors; its only 400 is a body that the parser gives up."""

Details: TypeAlias = dict[str, Any]
"""Problem details, as JSON."""


class WrongField(BaseModel):
    """One wrong field of a request."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 problem details with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    correlation_id: str | None = None
    errors: list[WrongField] = []


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached."""

    code = "database_unavailable"


def problem_details(request: Request, status: int, code: str, detail: str | None = None, **more: Any) -> Details:
    """Make the problem details of an error."""
    return {
        "type": f"/errors/{code}",
        "title": title_of(code),
        "status": status,
        "code": code,
        "detail": detail,
        "correlation_id": getattr(request.state, "correlation_id", None),
        **more,
    }


def problem(request: Request, status: int, code: str, detail: str | None = None, **more: Any) -> JSONResponse:
    """Make an error answer."""
    return _answer(request, problem_details(request, status, code, detail, **more))


def _answer(request: Request, body: Details) -> JSONResponse:
    status = body["status"]
    request.state.problem_code = body["code"]  # for the log
    headers = {"Retry-After": "1"} if status == 503 else {}  # noqa: PLR2004
    if status == 429:  # noqa: PLR2004
        headers["Retry-After"] = str(body.get("retry_after_s", 1))
    if status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, media_type=PROBLEM)


def is_refusal(error: Exception) -> bool:
    """Return whether an error is answered with 4xx: the request was refused, and nothing was written."""
    if isinstance(error, DomainError):
        return status_of(type(error)) < 500  # noqa: PLR2004
    if isinstance(error, HTTPException):
        return error.status_code < 500  # noqa: PLR2004
    return isinstance(error, (RequestValidationError, Forbidden))


def refusal_details(request: Request, error: DomainError | Forbidden) -> Details:
    """Make the problem details of a refusal; a domain error has the status of its kind."""
    if isinstance(error, DomainError):
        return problem_details(request, status_of(type(error)), error.code, str(error), **dict(error.details))
    is_one = len(error.permissions) == 1
    detail = f"the permission {error} is needed" if is_one else f"the permissions {error} are needed"
    return problem_details(request, 403, "forbidden", detail, permissions=list(error.permissions))


def wrong_fields_details(request: Request, wrong: Sequence[Wrong]) -> Details:
    """Make the problem details of fields that are not valid."""
    return problem_details(request, 422, "invalid_fields", sentence_of(wrong), errors=list(wrong))


def domain_problem(request: Request, error: DomainError) -> JSONResponse:
    """Make the answer to a domain error, with the status of its kind."""
    return _answer(request, refusal_details(request, error))


def _validation_problem(request: Request, error: RequestValidationError) -> JSONResponse:
    wrong = [wrong_field_of(found, request, error.body) for found in error.errors()]
    return _answer(request, wrong_fields_details(request, wrong))


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
        return problem(request, 401, "unauthenticated", str(error))

    @app.exception_handler(Forbidden)
    async def _forbidden(request: Request, error: Forbidden) -> Response:
        return _answer(request, refusal_details(request, error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        status = error.status_code
        methods = _documented_methods(request) if status == _METHOD else []
        code = _CODES.get(status) or str(getattr(error, "code", "http_error"))
        detail = _detail(request, status, methods) or str(error.detail)
        answer = problem(request, status, code, detail)
        answer.headers.update(error.headers or {})
        if methods:
            answer.headers["Allow"] = ", ".join(methods)
        return answer


def _detail(request: Request, status: int, methods: Sequence[str]) -> str | None:
    """Say what is wrong with a request that the framework refuses, where it has no words of its own for it."""
    if status == _BODY:
        return "The body cannot be read: it is not UTF-8, is nested too deeply, or has too long a number."
    if status == _ADDRESS:
        return f"There is nothing at {request.url.path}; / and /docs show what there is."
    if methods:
        return f"{request.method} is not taken here; {', '.join(methods)} is."
    return None


def _documented_methods(request: Request) -> list[str]:
    """List the methods of all routes of the request's path; the framework lists those of the first route alone."""
    documented: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    for held in ("[^/]+", ".+"):  # a parameter may hold slashes; the most specific path counts
        pattern = {path: re.sub(r"{\w+}", held, path) for path in documented}
        fitting = [path for path in documented if re.fullmatch(pattern[path], request.url.path)]
        if fitting:
            methods = {method.upper() for method in documented[max(fitting, key=len)]}
            return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
    return []
