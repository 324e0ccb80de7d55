"""Say of a field that answers show, and that the request does not take, what changes it."""

import re
from collections.abc import Collection
from typing import Final

from fastapi import Request

from shared.kit.web.request_schemas import Schema, answer_of, body_of, fields_of, path_of

_OTHERS: Final = re.compile(r"/(batch|external/.*|{\w+})$")
"""What the path of a record, or of another way to create some, has after that of the collection."""


_ENDING: Final = re.compile("(y|ies|s)$")
"""How names of one and of many differ."""


def told_of_shown(request: Request, name: str, taken: Collection[str]) -> str | None:
    """Name the request that takes a field, or say that none does; None where no answer has the field.

    Args:
        request: that sent it.
        name: of the field.
        taken: names that the request does take at this place.
    """
    document, path = request.app.openapi(), path_of(request)
    if request.method == "PATCH":
        if operation := _changed_by(document, path, name):
            return f"{name} is changed by {operation}"
        if name in fields_of(document, body_of(document["paths"].get(path.rpartition("/")[0], {}).get("post", {}))):
            return f"{name} is taken only where a record is created"
    if f"{{{name.removesuffix('_id')}}}" in path or f"{{{name}}}" in path:
        return f"{name} is part of the address, and is not sent besides"
    collection = _OTHERS.sub("", path)
    records = re.compile(rf"{re.escape(collection)}(/{{\w+}})?")
    writes = {
        method: operation
        for each, methods in document["paths"].items()
        if records.fullmatch(each)
        for method, operation in methods.items()
        if method in {"post", "patch"}
    }
    if "patch" not in writes or not any(name in fields_of(document, answer_of(each)) for each in writes.values()):
        return None
    return _hint(document, collection, name, taken)


def _hint(document: Schema, collection: str, name: str, taken: Collection[str]) -> str:
    """Say what changes a field that is only shown: fields that are taken, and a request for this part of the record."""
    part = re.compile(rf"{re.escape(collection)}/{{\w+}}/(\w+?)(?:ies|s)?(/{{\w+}})?")
    found = [
        (method, each, match[2] is None and method == "put")
        for method in ("put", "post")
        for each, methods in document["paths"].items()
        if method in methods and (match := part.fullmatch(each)) and name.startswith(match[1])
    ]
    ways = [f"use {method.upper()} {each}" for method, each, _ in found[:1]]
    is_same = bool(found) and found[0][2]  # what sets this part as a whole may be taken here as well
    fields = fields_of(document, body_of(document["paths"][found[0][1]]["put"])) if is_same else {}
    ids = re.compile(rf"{re.escape(_ENDING.sub('', name))}(y|s|ies)?_ids?|{re.escape(name)}s")
    if instead := [field for field in fields if field in taken] or [each for each in taken if ids.fullmatch(each)]:
        ways.insert(0, f"send {', '.join(instead)}")
    return f"{name} is only shown: {', or '.join(ways) or 'the service sets it'}"


def _changed_by(document: Schema, path: str, name: str) -> str | None:
    """Find the operation that sets a part of this resource, and whose body has the field, or has it in another one.

    A part with an id of its own is another resource, whose `name` is not meant by that of a company.
    """
    part = re.compile(rf"{re.escape(path)}/[^{{]+")
    bodies = {
        f"PUT {each}": fields_of(document, body_of(operations["put"]))
        for each, operations in document["paths"].items()
        if part.fullmatch(each) and "put" in operations
    }
    for operation, fields in bodies.items():
        if name in fields or operation.endswith(f"/{name}"):
            return operation
    for operation, fields in bodies.items():
        for outer, field in fields.items():
            if name in fields_of(document, field):
                return f"{operation}, as {outer}.{name}"
    return None
