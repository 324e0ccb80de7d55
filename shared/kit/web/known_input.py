"""Refuse what a route does not know: query parameters, a body, and headers that change what a request means.

And what is given twice, of which one would be ignored: parameters, headers, names in an object of the body.

What a route knows is what FastAPI read from its endpoint and its dependencies, so there is no second list.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from fastapi import Request
from fastapi._compat import field_annotation_is_sequence
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import _get_flat_fields_from_params
from fastapi.routing import APIRoute

from shared.kit.domain import Invalid, Wrong, sentence_of, wrong_field
from shared.kit.web.content_types import check_content_type
from shared.kit.web.context import elsewhere_of
from shared.kit.web.request_schemas import fields_of, operation_of, schema_at
from shared.kit.web.sentences import meant_or_all

CONDITIONS: Final = ("if-match", "idempotency-key", "prefer")
"""Headers that a caller relies on: ignoring one would do something else than was requested."""

PRECONDITIONS: Final = ("if-none-match", "if-unmodified-since")
"""Headers by which a write is to be left undone; those of a read only spare its answer."""

_NO_BODY: Final = frozenset({b"", b"{}"})


class UnknownInput(Invalid):
    """The route cannot act on parts of the request; `code` is that of the first of them."""

    code = "unknown_parameter"
    also: ClassVar[Mapping[str, str]] = {
        "body_not_applicable": "Nothing is read from a body here.",
        "header_not_applicable": "The operation does not act on this header.",
        "repeated_field": "An object of the body has a name twice.",
        "repeated_header": "A header is given twice.",
        "repeated_parameter": "A parameter is given twice.",
    }

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__(sentence_of(wrong), {"errors": wrong})
        self.code = wrong[0]["code"]  # type: ignore[misc] # one class for all parts of a request


@dataclass(frozen=True)
class KnownInput:
    """The query parameters and headers that a route acts on.

    Attributes:
        shown: the query parameters without old names, which are still taken.
        several: those query parameters that may be given more than once.
    """

    parameters: frozenset[str]
    shown: frozenset[str]
    several: frozenset[str]
    headers: frozenset[str]
    has_body: bool

    @classmethod
    def of(cls, route: APIRoute) -> Self:
        """Read what the route knows from its dependencies."""
        dependants = list(_dependants(route.dependant))
        # A model of parameters counts as its fields.
        query = _get_flat_fields_from_params([field for each in dependants for field in each.query_params])
        headers = _get_flat_fields_from_params([field for each in dependants for field in each.header_params])
        return cls(
            parameters=frozenset(field.alias for field in query),
            shown=frozenset(field.alias for field in query if not field.field_info.deprecated),
            several=frozenset(
                field.alias for field in query if field_annotation_is_sequence(field.field_info.annotation)
            ),
            headers=frozenset(field.alias for field in headers),
            has_body=route.body_field is not None,
        )

    async def check(self, request: Request) -> None:
        """Check that the route acts on everything that was sent.

        Raises:
            WrongContentType: the body is not JSON.
            UnknownInput: naming every unknown or repeated parameter, every header that does not apply, each
                name that an object of the body has twice, and a body where none is read.
        """
        wrong = [*self._wrong_parameters(request), *self._wrong_headers(request)]
        body = await request.body()
        if self.has_body and body:
            check_content_type(request)
        if self.has_body:
            wrong += [wrong_field(name, "repeated_field", "one value is expected") for name in repeated_names(body)]
        elif body.strip() not in _NO_BODY:
            wrong.append(wrong_field("body", "body_not_applicable", "nothing is read from a body here"))
        if wrong:
            raise UnknownInput(wrong)

    def _wrong_parameters(self, request: Request) -> Iterator[Wrong]:
        given = [name for name, _ in request.query_params.multi_items()]
        for name in dict.fromkeys(given):
            if name not in self.parameters:
                hint = elsewhere_of(request, name, self.parameters) or _in_filter(request, name)
                message = f"there is no such parameter{hint or meant_or_all(name, self.shown)}"
                yield wrong_field(name, "unknown_parameter", message)
            elif given.count(name) > 1 and name not in self.several:
                yield wrong_field(name, "repeated_parameter", "one value is expected")

    def _wrong_headers(self, request: Request) -> Iterator[Wrong]:
        preconditions = () if request.method == "GET" else PRECONDITIONS
        for name in (*CONDITIONS, *preconditions):
            values = request.headers.getlist(name)
            if values and name not in self.headers:
                yield wrong_field(name, "header_not_applicable", f"{request.method} has no use for this header here")
            elif len(values) > 1:
                yield wrong_field(name, "repeated_header", "one value is expected")


def _in_filter(request: Request, name: str) -> str:
    """Say that the filter of a list has what a parameter was tried for, as the end of a message."""
    document = request.app.openapi()
    fields = fields_of(
        document, schema_at(document, operation_of(request), ("query", "filter")).get("contentSchema", {})
    )
    return f'; the filter has it: filter={{"{name}": ...}}' if name in fields else ""


def repeated_names(body: bytes) -> list[str]:
    """List the names that one object of a JSON text has twice; a text that is no JSON is for others to refuse."""
    repeated: list[str] = []

    def read(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) == len(pairs):
            return
        times = Counter(name for name, _ in pairs)
        # Lone surrogates are legal in JSON, and in no answer.
        repeated.extend(name.encode(errors="replace").decode() for name in times if times[name] > 1)

    with suppress(ValueError, RecursionError):
        json.loads(body, object_pairs_hook=read)
    return list(dict.fromkeys(repeated))


def _dependants(of: Dependant) -> Iterator[Dependant]:
    yield of
    for each in of.dependencies:
        yield from _dependants(each)
