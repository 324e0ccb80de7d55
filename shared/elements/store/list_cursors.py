"""Cursors of filtered lists: a place in the order, bound to the list that it is a place of."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final, TypeAlias

from shared.elements.domain.filters.errors import CursorOfAnotherList
from shared.kit.storage.cursors import bytes_of, read, text_of, written

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
    def texts(self) -> Sequence[str]:
        """The texts that it is sealed of for callers."""
        values = [part for value in self.place.values for part in _written(value)]
        return [self.of, self.began_at.isoformat(), *values, self.place.id]

    @classmethod
    def of_texts(cls, texts: list[str]) -> "ListCursor":
        """Make it of its texts.

        Raises:
            ValueError: they are of no list.
        """
        of, began_at, *values, id_ = texts
        pairs = zip(values[::2], values[1::2], strict=True)
        return cls(of, _moment(began_at), Place(tuple(_read(kind, text) for kind, text in pairs), id_))

    @property
    def bookmark(self) -> str:
        """It as a walk of the service itself keeps it."""
        return text_of(written(*self.texts))

    @classmethod
    def of_bookmark(cls, text: str) -> "ListCursor":
        """Make it of what a walk has kept."""
        return cls.of_texts(read(bytes_of(text)))

    def checked(self, of: str) -> "ListCursor":
        """Return it, if it is a place in the list with this digest.

        Raises:
            CursorOfAnotherList: it is one in another list.
        """
        if self.of != of:
            raise CursorOfAnotherList.here()
        return self


def digest_of(noun: str, reader: str, filter_: Mapping[str, Any], order: Sequence[Sequence[str]]) -> str:
    """Digest what makes a list: type of record, reader, filter and order."""
    described = json.dumps([noun, reader, filter_, list(map(list, order))], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()[:32]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_KINDS: Final[Mapping[str, tuple[type, Callable[[Any], str], Callable[[str], PlaceValue]]]] = {
    "at": (datetime, datetime.isoformat, _moment),
    "number": (int, str, int),
    "decimal": (Decimal, lambda value: format(value, "f"), Decimal),
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
