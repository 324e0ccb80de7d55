"""Say in plain words what is wrong with a request, and what to do instead."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from fastapi import Request
from pydantic import BaseModel

from shared.kit.web.sentences import meant

_PLAIN: Final[Mapping[str, str]] = {
    "bool_parsing": "`true` or `false` is needed",
    "bool_type": "`true` or `false` is needed",
    "date_from_datetime_parsing": "a date is needed, such as 2026-03-31",
    "date_parsing": "there is no such date",
    "date_from_datetime_inexact": "there is no such date",
    "datetime_from_date_parsing": "there is no such time",
    "datetime_parsing": "there is no such time",
    "dict_type": "an object is needed, such as {{}}",
    "enum": "one of these is needed: {expected}",
    "greater_than": "more than {gt} is needed",
    "greater_than_equal": "{ge} or more is needed",
    "int_parsing": "a whole number is needed, in digits",
    "int_type": "a whole number is needed",
    "less_than": "less than {lt} is needed",
    "less_than_equal": "{le} or less is needed",
    "list_type": "a list is needed, such as []",
    "literal_error": "one of these is needed: {expected}",
    "missing": "this is needed",
    "model_attributes_type": "an object is needed, such as {{}}",
    "model_type": "an object is needed, such as {{}}",
    "string_pattern_mismatch": "the text has not the form that is needed; the description of the field says which",
    "string_too_long": "at most {max_length} characters are allowed",
    "string_too_short": "at least {min_length} characters are needed",
    "string_type": "a text is needed",
    "string_unicode": "a text in UTF-8 is needed",
    "too_long": "at most {max_length} are allowed, not {actual_length}",
    "too_short": "at least {min_length} are needed, not {actual_length}",
    "value_error": "{error}",
}
"""By the type of pydantic's error; what is not here has words of our own already."""
_UNCOUNTED: Final = ", not None"
"""The end of a sentence about an object: pydantic does not count what it has too many of."""
_QUOTED: Final = re.compile("'([^']*)'")


def wrong_field_of(
    found: Mapping[str, Any], request: Request, body: Any, *, within: Sequence[str] = ()
) -> dict[str, str]:
    """Make the entry of `errors` for an error of pydantic; `within` is the place of an item in the request's body."""
    place: Sequence[Any] = found["loc"]
    field = ".".join(str(part) for part in place[1:]) or str(place[0])
    if found["type"] == "json_invalid":
        return {"field": "body", "code": "json_invalid", "message": _broken(found, body)}
    message = _unknown(request, place, within) if found["type"] == "extra_forbidden" else _plain(found)
    return {"field": field, "code": str(found["type"]), "message": message}


def _plain(found: Mapping[str, Any]) -> str:
    context = {"expected": "", **found.get("ctx", {})}
    given = found.get("input")
    known = _QUOTED.findall(context["expected"]) if isinstance(given, str) else []
    try:
        plain = _PLAIN[found["type"]].format(**context).removesuffix(_UNCOUNTED)
        return plain + meant(str(given), known)
    except KeyError:
        return str(found["msg"])


def _broken(found: Mapping[str, Any], body: Any) -> str:
    """Say where a text is no JSON."""
    at = int(found["loc"][1])
    before = str(body)[:at]
    line, column = before.count("\n") + 1, at - before.rfind("\n")
    return f"the body is no JSON at line {line}, column {column}: {found['ctx']['error']}"


def _unknown(request: Request, place: Sequence[Any], within: Sequence[str]) -> str:
    """Say what was probably meant by a field that the body does not have, or which request takes it."""
    name, *path = str(place[-1]), *place[1:-1]
    if not path and (operation := _changed_by(request, name)):
        return f"{name} is changed by {operation}"
    if not path and _is_for_new(request, name):
        return f"{name} is taken only where a record is created"
    return f"there is no such field{meant(name, _names(request, [*within, *path]))}"


def _changed_by(request: Request, name: str) -> str | None:
    """Find the operation that sets a part of this resource, and whose body has the field, or has it in another one.

    A part with an id of its own is another resource, whose `name` is not meant by that of a company.
    """
    if request.method != "PATCH":
        return None
    document = request.app.openapi()
    here = re.sub(r":\w+}", "}", str(getattr(request.scope.get("route"), "path", "")))
    part = re.compile(rf"{re.escape(here)}/[^{{]+")
    bodies = {
        f"PUT {path}": _fields(document, _body_of(operations["put"]))
        for path, operations in document["paths"].items()
        if part.fullmatch(path) and "put" in operations
    }
    for operation, fields in bodies.items():
        if name in fields:
            return operation
    for operation, fields in bodies.items():
        for outer, field in fields.items():
            if name in _fields(document, field):
                return f"{operation}, as {outer}.{name}"
    return None


def _is_for_new(request: Request, name: str) -> bool:
    """Return whether a field of a correction is one that only a new record takes."""
    if request.method != "PATCH":
        return False
    document = request.app.openapi()
    above = str(getattr(request.scope.get("route"), "path", "")).rpartition("/")[0]
    return name in _fields(document, _body_of(document["paths"].get(above, {}).get("post", {})))


def _body_of(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of an object by their names; of no object there are none."""
    found: dict[str, Any] = {}
    for choice in (schema, *schema.get("anyOf", ())):
        name = choice.get("$ref", "").rpartition("/")[2]
        found |= document["components"]["schemas"].get(name, {}).get("properties", {})
    return found


def _names(request: Request, path: Sequence[Any]) -> list[str]:
    """List the fields that the body has at a place."""
    body = getattr(request.scope.get("route"), "body_field", None)
    models = [] if body is None else list(_models(body.field_info.annotation))
    for part in path:
        if not isinstance(part, int):
            inner = [model.model_fields[part].annotation for model in models if part in model.model_fields]
            models = [model for annotation in inner for model in _models(annotation)]
    return sorted({name for model in models for name in model.model_fields})


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)
