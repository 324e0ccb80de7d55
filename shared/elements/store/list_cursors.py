"""Cursors of filtered lists: a place in the order, bound to the list that it is a place of."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.elements.domain.filters.errors import CursorOfAnotherList
from shared.kit.storage.pages import decode_place, encode_cursor, stored_number


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in a list: its value of the field that orders it, and its id."""

    value: datetime | int
    id: str


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
        value = self.place.value
        kind, text = ("at", value.isoformat()) if isinstance(value, datetime) else ("number", str(value))
        return encode_cursor(self.of, self.began_at, kind, text, self.place.id)

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
    of, began_at, kind, value, id_ = texts
    if kind not in {"at", "number"}:
        raise ValueError(kind)
    place = Place(_moment(value) if kind == "at" else stored_number(value), id_)
    return ListCursor(of, _moment(began_at), place)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
