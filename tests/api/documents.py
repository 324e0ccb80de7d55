"""The OpenAPI documents of the services, as their composition roots make them."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.architecture.built import built_app


def document_of(service: str) -> dict[str, Any]:
    document: dict[str, Any] = built_app(service).openapi()
    return document


def operations(service: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of everything that a service can be asked."""
    for path, methods in document_of(service)["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def body_schema(service: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the request body; empty where there is none, or where it is no object of a name."""
    content = operation.get("requestBody", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema: dict[str, Any] = document_of(service)["components"]["schemas"].get(name, {})
    return schema


def nodes(of: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in a document, however deep."""
    if isinstance(of, list):
        for each in of:
            yield from nodes(each)
    elif isinstance(of, Mapping):
        yield of
        for each in of.values():
            yield from nodes(each)
