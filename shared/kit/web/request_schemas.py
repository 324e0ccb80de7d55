"""Read from the OpenAPI document what a request may send."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from fastapi import Request

Schema: TypeAlias = Mapping[str, Any]

_LIST: Final = "items"


def path_of(request: Request) -> str:
    """Return the path of the request's route, as the document names it."""
    return re.sub(r":\w+}", "}", str(getattr(request.scope.get("route"), "path", "")))


def operation_of(request: Request) -> Schema:
    """Return what the document says of the request's operation."""
    operations = request.app.openapi()["paths"].get(path_of(request), {})
    found: Schema = operations.get(request.method.lower(), {})
    return found


def body_of(operation: Schema) -> Schema:
    """Return the schema of the body that an operation takes."""
    return _json_of(operation.get("requestBody", {}))


def answer_of(operation: Schema) -> Schema:
    """Return the schema of what an operation answers where it succeeds."""
    succeeded = [answer for status, answer in operation.get("responses", {}).items() if status.startswith("2")]
    return _json_of(succeeded[0] if succeeded else {})


def fields_of(document: Schema, schema: Schema) -> Schema:
    """Return the fields of an object by their names; of no object there are none."""
    return {
        name: field for choice in _choices(document, schema) for name, field in choice.get("properties", {}).items()
    }


def schema_at(document: Schema, operation: Schema, place: Sequence[Any]) -> Schema:
    """Find the schema at a place of a request, such as `("body", "phones", 0)` or `("query", "limit")`."""
    if place[0] != "body":
        named = [each for each in operation.get("parameters", ()) if each["name"].lower() == str(place[-1]).lower()]
        return named[0]["schema"] if named else {}
    schema = body_of(operation)
    for part in place[1:]:
        inner = [
            choice[_LIST] if _LIST in choice else choice.get("properties", {}).get(part)
            for each in _choices(document, schema)
            for choice in (_choices(document, each[_LIST]) if _LIST in each and not isinstance(part, int) else [each])
        ]
        # A part that is no place is the name that pydantic gives to one of several choices.
        schema = next((each for each in inner if each), schema)
    return schema


def brief_example(document: Schema, schema: Schema) -> Any:
    """Make the shortest example of a schema: of an object what is needed, or one field; None where there is none."""
    for choice in _choices(document, schema):
        if (example := _example(document, choice)) is not None:
            return example
    return None


def _example(document: Schema, schema: Schema) -> Any:
    if _LIST in schema:
        one = brief_example(document, schema[_LIST])
        return None if one is None else [one]
    return _shorten(document, schema, schema["examples"][0]) if schema.get("examples") else None


def _shorten(document: Schema, schema: Schema, example: Any) -> Any:
    fields = fields_of(document, schema)
    if not isinstance(example, Mapping) or not fields:
        return example
    needed = [name for name in example if name in schema.get("required", ())] or list(example)[:1]
    return {name: brief_example(document, fields[name]) or example[name] for name in needed}


def _json_of(described: Schema) -> Schema:
    schema: Schema = described.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _choices(document: Schema, schema: Schema) -> Iterator[Schema]:
    """Yield what a schema may be, without references."""
    for choice in schema.get("anyOf", (schema,)):
        name = choice.get("$ref", "").rpartition("/")[2]
        named: Schema = document["components"]["schemas"].get(name, {})
        if "anyOf" in named:
            yield from _choices(document, named)
        else:
            yield {**schema, **named, **choice} if choice is not schema else {**named, **choice}
