"""Describe the headers of answers, by what the operation takes and shows."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.kit.web.openapi.bodies import references

_TEXTS: Final[Mapping[str, str]] = {
    "ETag": "version of what is shown, for `If-Match` and `If-None-Match`",
    "Idempotent-Replayed": "`true` where the request was a repeat, and this is its first answer",
    "Location": "address of what was created",
    "Preference-Applied": "the wait that was granted, such as `wait=5`",
    "Retry-After": "seconds to wait before the next request",
    "X-Correlation-Id": "id of this request in logs, events and traces: the one that was sent, or a new one",
}
ETAG: Final = {"ETag": {"$ref": "#/components/headers/ETag"}}
LOCATION: Final = {"Location": {"$ref": "#/components/headers/Location"}}
"""Headers of answers that have them for a reason of their own."""

_IF_NONE_MATCH: Final[Mapping[str, Any]] = {
    "name": "if-none-match",
    "in": "header",
    "required": False,
    "description": "ETags that the caller has; 304 where one of them is that of today",
    "schema": {"type": "string"},
}
_NOT_MODIFIED: Final[Mapping[str, Any]] = {
    "description": "The caller has it already.",
    "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in ("ETag", "X-Correlation-Id")},
}
_RETRIED: Final = ("202", "503")


def add_headers(document: dict[str, Any]) -> None:
    """Add the headers of every answer, and their definitions."""
    document["components"]["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in _TEXTS.items()
    }
    for operations in document["paths"].values():
        is_versioned = any(_conditional(operations[method]) for method in ("put", "patch") if method in operations)
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                names = list(_headers(method, operation, status))
                if _shows_version(answer, document, operation, is_versioned=is_versioned and method == "get"):
                    names.insert(0, "ETag")
                answer["headers"] = {
                    **answer.get("headers", {}),
                    **{name: {"$ref": f"#/components/headers/{name}"} for name in names},
                }
            if method == "get" and "ETag" in operation["responses"].get("200", {}).get("headers", {}):
                operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
                operation["responses"]["304"] = _NOT_MODIFIED


def _headers(method: str, operation: Mapping[str, Any], status: str) -> Iterator[str]:
    """Yield the headers of an answer, without its version."""
    parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
    if method == "post" and status == "201":
        yield "Location"
    if "idempotency-key" in parameters and status < "3":
        yield "Idempotent-Replayed"
    if "prefer" in parameters and status in {"200", "201", "202", "409"}:
        yield "Preference-Applied"
    if status in _RETRIED:
        yield "Retry-After"
    yield "X-Correlation-Id"


def _conditional(operation: Mapping[str, Any]) -> bool:
    return any(parameter["name"] == "if-match" for parameter in operation.get("parameters", ()))


def _shows_version(
    answer: Mapping[str, Any], document: Mapping[str, Any], operation: Mapping[str, Any], *, is_versioned: bool
) -> bool:
    """Return whether an answer shows what has a version: the body says so, or the request may name it."""
    content = answer.get("content", {}).get("application/json", {}).get("schema")
    if not content:
        return False
    schemas = document["components"]["schemas"]
    shown = [schemas[name] for name in references(content)]
    return is_versioned or _conditional(operation) or any("version" in each.get("properties", {}) for each in shown)
