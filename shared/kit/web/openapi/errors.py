"""Describe all errors of an operation as problem details (RFC 9457)."""

from collections.abc import Mapping
from typing import Any, Final

PROBLEM: Final = "application/problem+json"

_ALWAYS: Final[Mapping[str, str]] = {
    "401": "No valid token.",
    "403": "The caller lacks the permission.",
    "422": "Invalid input, or one that the route does not know; `errors` names each.",
    "503": "The service cannot take the request now; see Retry-After.",
    "default": "Any other error, such as 405 or 500.",
}
_WITH_BODY: Final[Mapping[str, str]] = {"413": "The body is too large.", "415": "The body is not JSON."}
_OF_ONE: Final[Mapping[str, str]] = {"404": "No such resource, or it was deleted."}
_WRITING: Final[Mapping[str, str]] = {"409": "The state does not allow it, or a concurrent change came first."}
_CONDITIONAL: Final[Mapping[str, str]] = {"412": "If-Match is not the newest version."}


def add_errors(method: str, operation: dict[str, Any], shape: Mapping[str, Any]) -> None:
    """Add the errors of an operation; `shape` is the schema of a problem."""
    meanings = _meanings(method, operation) if operation.get("security") else {"default": _ALWAYS["default"]}
    errors = {
        status: {"description": meaning, "content": {PROBLEM: {"schema": shape}}}
        for status, meaning in sorted(meanings.items())
    }
    operation["responses"] = {**operation["responses"], **errors}


def _meanings(method: str, operation: Mapping[str, Any]) -> Mapping[str, str]:
    parameters = operation.get("parameters", ())
    places = {parameter["in"] for parameter in parameters}
    is_conditional = any(parameter["name"] == "if-match" for parameter in parameters)
    return {
        **_ALWAYS,
        **(_WITH_BODY if "requestBody" in operation else {}),
        **(_OF_ONE if "path" in places else {}),
        **(_WRITING if method != "get" else {}),
        **(_CONDITIONAL if is_conditional else {}),
    }
