"""Cursors of filtered lists: a place in the order, bound to the list that it is a place of."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final, TypeAlias

from shared.elements.domain.filters.errors import CursorOfAnotherList
from shared.kit.storage.pages import decode_place, encode_cursor, stored_number

PlaceValue: TypeAlias = datetime | int | Decimal | str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in a list: its values of the fields that order it, and its id."""

    values: tuple[PlaceValue, ...]
    id: str

    @property
    def key(self) -> tuple[PlaceValue, ...]:
        """All of it, as lists are ordered."""
        return (*self.values, self.id)


@dataclass(frozen=True, slots=True)
class ListCursor:
    """A place in one list.

    Attributes:
        of: the digest of the list, `digest_of`.
        began_at: when its first page was read; relative dates count from there on every page.
    """

    of: str
    began_at: datetime
    place: Place

    @property
    def text(self) -> str:
        """The cursor as callers have it."""
        values = [part for value in self.place.values for part in _written(value)]
        return encode_cursor(self.of, self.began_at, *values, self.place.id)

    @classmethod
    def read(cls, text: str, of: str) -> "ListCursor":
        """Read a cursor of the list with this digest.

        Raises:
            Invalid: it is no cursor.
            CursorOfAnotherList: it is one of another list.
        """
        cursor = decode_place(text, _cursor)
        if cursor.of != of:
            raise CursorOfAnotherList.here()
        return cursor


def digest_of(noun: str, reader: str, filter_: Mapping[str, Any], order: Sequence[Sequence[str]]) -> str:
    """Digest what makes a list: type of record, reader, filter and order."""
    described = json.dumps([noun, reader, filter_, list(map(list, order))], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()[:32]


def _cursor(texts: list[str]) -> ListCursor:
    of, began_at, *values, id_ = texts
    pairs = zip(values[::2], values[1::2], strict=True)
    return ListCursor(of, _moment(began_at), Place(tuple(_read(kind, text) for kind, text in pairs), id_))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _decimal(text: str) -> Decimal:
    """Read a decimal of no more digits than MongoDB has.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"-?(?=[0-9.]{1,35}$)[0-9]{1,34}(\.[0-9]+)?", text):
        raise ValueError(text)
    return Decimal(text)


_KINDS: Final[Mapping[str, tuple[type, Callable[[Any], str], Callable[[str], PlaceValue]]]] = {
    "at": (datetime, datetime.isoformat, _moment),
    "number": (int, str, stored_number),
    "decimal": (Decimal, lambda value: format(value, "f"), _decimal),
    "text": (str, str, str),
    "none": (NoneType, lambda _: "", lambda _: None),
}
"""Of each kind of value: its type, how it is written, how it is read."""


def _written(value: PlaceValue) -> tuple[str, str]:
    return next((kind, write(value)) for kind, (type_, write, _) in _KINDS.items() if isinstance(value, type_))


def _read(kind: str, text: str) -> PlaceValue:
    if kind not in _KINDS:
        raise ValueError(kind)
    return _KINDS[kind][2](text)
