"""Describe request bodies so that a generated client sends what its caller gave, and nothing else.

Generators take a `default` for what is to be sent where the caller gives nothing, or make its field mandatory. In a
body that corrects, what is absent stays as it is, so a default sent along would overwrite it (ADR 0043).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_ORIGIN: Final = "/external/"
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


def strip_defaults(document: Mapping[str, Any]) -> None:
    """Drop every `default` from the schemas of request bodies; where nothing is corrected, the text says it."""
    schemas = document["components"]["schemas"]
    correcting: set[str] = set()
    sent: set[str] = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            roots = set(references(operation.get("requestBody", {})))
            if method == "patch" or (method == "put" and _ORIGIN in path):
                correcting |= roots
            sent |= _reachable(roots, schemas)
    for name in sent:
        for schema in schemas[name].get("properties", {}).values():
            default = schema.pop("default", None)
            if name not in correcting and default not in _NOTHING:
                said = f"{schema.get('description', '')} Default: `{json.dumps(default)}`."
                schema["description"] = said.strip()


def correcting_lists(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """List the lists in bodies that correct what is there, by schema and name: all of PATCH and PUT."""
    schemas = document["components"]["schemas"]
    roots = {
        name
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method in {"patch", "put"}
        for name in references(operation.get("requestBody", {}))
    }
    return {
        (root, name)
        for root in roots
        for name, schema in schemas[root].get("properties", {}).items()
        if {choice.get("type") for choice in schema.get("anyOf", (schema,))} - {"null"} == {"array"}
    }


def references(node: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of a document refers to."""
    if isinstance(node, list):
        for each in node:
            yield from references(each)
    elif isinstance(node, Mapping):
        if isinstance(reference := node.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for each in node.values():
            yield from references(each)


def _reachable(names: set[str], schemas: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    new = names
    while new:
        found |= new
        new = {name for each in new for name in references(schemas[each])} - found
    return found
