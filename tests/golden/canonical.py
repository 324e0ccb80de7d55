"""Bring OpenAPI documents and JSON Schemas into the form in which they are compared.

Left out is what may change without anybody noticing on the wire: `description` texts, the names of path parameters, and
the order of what has none.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

_NAMED: Final = frozenset(
    {
        "$defs",
        "callbacks",
        "content",
        "definitions",
        "dependentSchemas",
        "headers",
        "mapping",
        "paths",
        "patternProperties",
        "properties",
        "responses",
        "schemas",
        "securitySchemes",
    }
)
"""Keywords whose keys are names, where `description` is one like any other."""

_VALUES: Final = frozenset({"const", "default", "enum", "example", "examples"})
"""Keywords that hold data, which is kept as it is."""


def undescribed(node: Any, *, names: bool = False) -> Any:
    """The schema or document without its texts; with `names`, the keys of this node are names."""
    if isinstance(node, list):
        return [undescribed(each) for each in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {name: undescribed(value) for name, value in node.items()}
    return {keyword: _said(keyword, value) for keyword, value in node.items() if keyword != "description"}


def _said(keyword: str, value: Any) -> Any:
    if keyword in _VALUES:
        return value
    if keyword == "required" and isinstance(value, list):
        return sorted(value)
    return undescribed(value, names=keyword in _NAMED)


def nameless(path: str) -> str:
    """`/v1/leads/{}` of `/v1/leads/{lead_id}`."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def openapi(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without its texts and without the names of path parameters.

    Raises:
        ValueError: two paths differ in the names of their parameters alone, which OpenAPI forbids.
    """
    plain = undescribed(dict(document))
    paths: dict[str, dict[str, Any]] = {}
    for path, operations in plain["paths"].items():
        if nameless(path) in paths:
            message = f"two paths differ in the names of their parameters alone: {nameless(path)}"
            raise ValueError(message)
        place = paths.setdefault(nameless(path), {})
        for method, operation in operations.items():
            place[method] = _operation(path, method, operation)
    return {**plain, "paths": paths}


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    name = operation["operationId"]
    if (derived := _derived(path, method)) and name.endswith(derived):
        name = name.removesuffix(derived) + _derived(nameless(path), method)
    return {**operation, "operationId": name, "parameters": _parameters(operation.get("parameters", ()))}


def _derived(path: str, method: str) -> str:
    """How FastAPI ends the id of an operation."""
    return re.sub(r"\W", "_", path) + f"_{method}"


def _parameters(parameters: Any) -> dict[str, Any]:
    """By place and name; those of the path by their number."""
    found: dict[str, Any] = {}
    for parameter in parameters:
        rest = {keyword: value for keyword, value in parameter.items() if keyword not in {"in", "name"}}
        name = parameter["name"]
        if parameter["in"] == "path":
            schema = rest["schema"]
            if schema.get("title") == name.title().replace("_", " "):  # derived from the name
                rest["schema"] = {keyword: value for keyword, value in schema.items() if keyword != "title"}
            name = str(1 + sum(key.startswith("path ") for key in found))
        found[f"{parameter['in']} {name}"] = rest
    return found
