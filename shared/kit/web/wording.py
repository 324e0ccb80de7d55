"""Say in plain words what is wrong with a request, and what to do instead."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, get_args

from fastapi import Request
from pydantic import BaseModel

from shared.kit.web.context import elsewhere_of
from shared.kit.web.request_schemas import brief_example, operation_of, schema_at
from shared.kit.web.sentences import meant
from shared.kit.web.shown_fields import told_of_shown

_PLAIN: Final[Mapping[str, str]] = {
    "bool_parsing": "`true` or `false` is needed",
    "bool_type": "`true` or `false` is needed",
    "date_from_datetime_parsing": "a date is needed, such as 2026-03-31",
    "date_parsing": "there is no such date",
    "date_from_datetime_inexact": "there is no such date",
    "datetime_from_date_parsing": "there is no such time",
    "datetime_parsing": "there is no such time",
    "dict_type": "an object is needed, such as {example}",
    "enum": "one of these is needed: {expected}",
    "greater_than": "more than {gt} is needed",
    "greater_than_equal": "{ge} or more is needed",
    "int_parsing": "a whole number is needed, in digits",
    "int_type": "a whole number is needed",
    "less_than": "less than {lt} is needed",
    "less_than_equal": "{le} or less is needed",
    "list_type": "a list is needed, such as {example}",
    "literal_error": "one of these is needed: {expected}",
    "missing": "this is needed",
    "model_attributes_type": "an object is needed, such as {example}",
    "model_type": "an object is needed, such as {example}",
    "string_pattern_mismatch": "the text has not the form that is needed, {form}",
    "string_too_long": "at most {max_length} characters are allowed",
    "string_too_short": "at least {min_length} characters are needed",
    "string_type": "a text is needed",
    "string_unicode": "a text in UTF-8 is needed",
    "too_long": "at most {max_length} are allowed, not {actual_length}",
    "too_short": "at least {min_length} are needed, not {actual_length}",
    "union_tag_invalid": "as {discriminator} one of these is needed: {expected_tags}",
    "union_tag_not_found": "{discriminator} is needed, which says what it is",
    "value_error": "{error}",
}
"""By the type of pydantic's error; what is not here has words of our own already."""
_UNCOUNTED: Final = ", not None"
"""The end of a sentence about an object: pydantic does not count what it has too many of."""
_EMPTY: Final[Mapping[str, str]] = {"list_type": "[]"}
"""What is needed at the least, where nothing has an example; else an object."""
_QUOTED: Final = re.compile("'([^']*)'")


def wrong_field_of(
    found: Mapping[str, Any], request: Request, body: Any, *, within: Sequence[str | int] = ()
) -> dict[str, str]:
    """Make the entry of `errors` for an error of pydantic; `within` is the place of an item in the request's body."""
    place: Sequence[Any] = found["loc"]
    field = ".".join(str(part) for part in place[1:]) or str(place[0])
    if found["type"] == "json_invalid":
        return {"field": "body", "code": "json_invalid", "message": _broken(found, body)}
    if found["type"] == "extra_forbidden":
        message = _unknown(request, place, within)
    elif found["type"] == "missing" and (values := _values(request, [place[0], *within, *place[1:]])):
        message = _PLAIN["enum"].format(expected=" or ".join(map(repr, values)))
    else:
        message = _plain(found, partial(_example, request, [place[0], *within, *place[1:]]))
    return {"field": field, "code": str(found["type"]), "message": message}


def _plain(found: Mapping[str, Any], example: Callable[[], Any]) -> str:
    sentence = _PLAIN.get(found["type"])
    if sentence is None:
        return str(found["msg"])
    context = {"expected": "", **found.get("ctx", {})}
    given = found.get("input")
    known = _QUOTED.findall(context["expected"]) if isinstance(given, str) else []
    if "{example}" in sentence:
        shown = example()
        context["example"] = json.dumps(shown, ensure_ascii=False) if shown else _EMPTY.get(found["type"], "{}")
    elif "{form}" in sentence:
        shown = example()
        context["form"] = f"such as `{shown}`" if shown else f"which is `{context.get('pattern')}`"
    try:
        plain = sentence.format(**context).removesuffix(_UNCOUNTED)
    except KeyError:  # an error of our own by that name, which has words of its own
        return str(found["msg"])
    return plain + meant(str(given), known)


def _example(request: Request, place: Sequence[Any]) -> Any:
    """Make what may be sent at a place of the request, as short as it can be; None where nothing says it."""
    document = request.app.openapi()
    return brief_example(document, schema_at(document, operation_of(request), place))


def _values(request: Request, place: Sequence[Any]) -> Sequence[Any]:
    """Return the values of which one is expected at a place of the request; none where any is."""
    values: Sequence[Any] = schema_at(request.app.openapi(), operation_of(request), place).get("enum", ())
    return values


def _broken(found: Mapping[str, Any], body: Any) -> str:
    """Say where a text is no JSON."""
    at = int(found["loc"][1])
    before = str(body)[:at]
    line, column = before.count("\n") + 1, at - before.rfind("\n")
    return f"the body is no JSON at line {line}, column {column}: {found['ctx']['error']}"


def _unknown(request: Request, place: Sequence[Any], within: Sequence[str | int]) -> str:
    """Say what was probably meant by a field that the body does not have, or which request takes it."""
    name, *path = str(place[-1]), *place[1:-1]
    known = _names(request, [*within, *path])
    if not path and (said := told_of_shown(request, name, known)):
        return said
    return f"there is no such field{elsewhere_of(request, name, known) or meant(name, known)}"


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
