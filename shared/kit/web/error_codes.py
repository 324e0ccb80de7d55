"""Explain every code of an error: what it means, and what a caller does about it."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from pydantic import BaseModel, Field

from shared.kit.domain import (
    Conflict,
    DomainError,
    Invalid,
    NotAllowed,
    NotFound,
    NotYet,
    Refused,
    TooMany,
    Unavailable,
)
from shared.kit.storage.repository_errors import VersionMismatch
from shared.kit.web.openapi.names import plain

STATUSES: Final[Mapping[type[DomainError], int]] = {
    VersionMismatch: 412,
    NotAllowed: 403,
    NotFound: 404,
    Invalid: 422,
    Refused: 409,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}
"""By kind; the first that fits counts."""

_ADVICE: Final[Mapping[int, str]] = {
    403: "Ask an administrator for the right that is named.",
    404: "Check the id; a list shows which there are.",
    409: "Read the record, and decide by its state whether the request still makes sense.",
    412: "Read the record again, decide whether the change still makes sense, and send it with the new ETag.",
    422: "Correct the fields that `errors` names, and send the request again.",
    429: "Send the same request again after the seconds in Retry-After.",
    503: "Send the same request again after the seconds in Retry-After; a POST with the same Idempotency-Key.",
}

_HTTP: Final = (
    ("unauthenticated", 401, "No valid token.", "Send `Authorization: Bearer <token>` with a token that is valid now."),
    ("forbidden", 403, "The caller lacks a permission.", "Ask an administrator for the `permissions` that are named."),
    ("unreadable_body", 400, "The parser gives up on the body.", "Send JSON in UTF-8, with fewer levels and digits."),
    ("no_such_address", 404, "The service has no such address.", "Look in `/docs`, or at `/`, for those that it has."),
    ("method_not_allowed", 405, "The address does not take this method.", "Use one of the methods in Allow."),
    ("body_too_large", 413, "The body is too large.", "Send less in one request."),
    ("address_too_long", 414, "The address is too long.", "Send fewer or shorter parameters."),
    ("wrong_content_type", 415, "The body is not JSON.", "Send JSON, with `Content-Type: application/json`."),
    ("headers_too_large", 431, "The headers are too large.", "Send fewer or shorter headers."),
    ("invalid_fields", 422, "Fields of the request are not valid.", _ADVICE[422]),
    ("internal_error", 500, "The service failed.", "Report it with its `correlation_id`."),
)
"""Errors that are no domain error: code, status, meaning, advice."""

K = TypeVar("K")


class ErrorCode(BaseModel):
    """One code of errors."""

    code: str = Field(description="as in `code` of a problem")
    title: str = Field(description="the error in a few words")
    status: int = Field(description="status of the answer")
    meaning: str = Field(description="what has happened")
    advice: str = Field(description="what a caller does about it")


def status_of(error: type[DomainError]) -> int:
    """Return the status of a kind of errors."""
    return next((status for kind, status in STATUSES.items() if issubclass(error, kind)), 500)


def title_of(code: str) -> str:
    """Say a code in words."""
    return code.replace("_", " ").capitalize()


def error_codes() -> dict[str, ErrorCode]:
    """Explain all codes that this process can answer with, in order."""
    found = {
        code: ErrorCode(code=code, title=title_of(code), status=status, meaning=meaning, advice=advice)
        for code, status, meaning, advice in _HTTP
    }
    errors = [error for error in _below(DomainError) if error not in {DomainError, NotYet} and error.__doc__]
    for error in errors:
        meaning = plain(inspect.cleandoc(error.__doc__ or "")).replace("\n", " ")
        found.setdefault(error.code, _explained(error, error.code, meaning))
    # Only now: an error with a class of its own says more of itself than one that has its code among others.
    for error in errors:
        for code, meaning in error.also.items():
            found.setdefault(code, _explained(error, code, meaning))
    return dict(sorted(found.items()))


def _explained(error: type[DomainError], code: str, meaning: str) -> ErrorCode:
    status = status_of(error)
    advice = error.advice_on.get(code) or vars(error).get("advice") or _ADVICE[status]
    return ErrorCode(code=code, title=title_of(code), status=status, meaning=meaning, advice=advice)


def _below(kind: type[K]) -> Iterator[type[K]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _below(each)
