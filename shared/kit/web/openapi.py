"""Describe all errors in a service's OpenAPI as problem details (RFC 9457).

FastAPI would describe invalid input in a shape of its own, which no answer has.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

PROBLEM: Final = "application/problem+json"
_REF: Final = "#/components/schemas/{model}"
_ALWAYS: Final[Mapping[str, str]] = {
    "401": "No valid token.",
    "403": "The caller lacks the permission.",
    "422": "Invalid input, or one that the route does not know; `errors` names each.",
    "503": "The service cannot take the request now; see Retry-After.",
}
_WITH_BODY: Final[Mapping[str, str]] = {"413": "The body is too large."}
_OF_ONE: Final[Mapping[str, str]] = {"404": "No such resource, or it was deleted."}
_WRITING: Final[Mapping[str, str]] = {"409": "The state does not allow it, or a concurrent change came first."}
_CONDITIONAL: Final[Mapping[str, str]] = {"412": "If-Match is not the newest version."}


def describe_errors(app: FastAPI, problem: type[BaseModel]) -> None:
    """Add the errors of each operation to the app's OpenAPI; `problem` is their shape."""
    derive = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = derive()
            _, definitions = models_json_schema([(problem, "serialization")], ref_template=_REF)
            document.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
            shape = {"schema": {"$ref": _REF.format(model=problem.__name__)}}
            for method, operation in _secured(document):
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = _without_null(parameter["schema"])
                errors = {
                    status: _error(meaning, shape) for status, meaning in sorted(_errors(method, operation).items())
                }
                operation["responses"] = {**operation["responses"], **errors}
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _secured(document: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        yield from ((method, operation) for method, operation in operations.items() if operation.get("security"))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop null from a parameter's schema: HTTP has none."""
    others = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **others[0]}


def _errors(method: str, operation: Mapping[str, Any]) -> Mapping[str, str]:
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


def _error(meaning: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": meaning, "content": {PROBLEM: shape}}
