"""Order filtered lists: as MongoDB does along an index, and as Python does where several alternatives are merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from shared.elements.domain.filters.errors import CursorOfAnotherList
from shared.elements.domain.filters.evaluation import family_of
from shared.elements.domain.filters.nodes import All, family_of_kind
from shared.elements.domain.filters.query import Order
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.index_table import IndexTable
from shared.elements.store.list_cursors import Place
from shared.elements.store.query_plan import next_to
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import AS_PEOPLE_SORT, Collation
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING

SHOWN: Final[Document] = {"$project": WITHOUT_BOOKKEEPING}


@dataclass(frozen=True, slots=True)
class Placed:
    """A document, and where it stood in the list when that was read."""

    place: Place
    document: Document


@dataclass(frozen=True, slots=True)
class Read:
    """What one alternative found, in order, and the place that it was read up to; None for to its end."""

    placed: Sequence[Placed]
    up_to: Place | None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a list: after one place, and no further than another; None for its ends."""

    after: Place | None = None
    up_to: Place | None = None


class Sorting:
    """An order, as MongoDB and as Python have it.

    Of times and numbers few records share a value, so a span is one range of the index, without those that share the
    value at its end. Of other values many may, such as an amount of 0: there what comes after a place has a branch for
    each part of the order, each a range of the index, which MongoDB merges.
    """

    def __init__(self, order: Order, table: IndexTable) -> None:
        self._paths = (order.field.path, *table.then.get(order.field.name, ()))
        self._is_range = len(self._paths) == 1 and order.field.kind in {"datetime", "integer"}
        self.is_descending = order.is_descending
        self.collation: Collation | None = AS_PEOPLE_SORT if order.field.name in table.collated else None
        self._nullable = self._paths if order.field.name in table.nullable else ()
        # An order goes on by texts, whatever it begins with.
        self._families = (family_of_kind(order.field.kind), *(str for _ in self._paths[1:]))
        direction = -1 if order.is_descending else 1
        ids = {} if order.field.name in table.unique else {"_id": direction}
        self.by: Document = {**dict.fromkeys(self._paths, direction), **ids}
        self._worse, self._better = ("$lt", "$gt") if order.is_descending else ("$gt", "$lt")

    @property
    def has_text(self) -> bool:
        """Whether a place in it has a text, which may be of any length."""
        return str in self._families

    @property
    def keys(self) -> Document:
        """What of a document its place is made of, as a projection."""
        return dict.fromkeys(("_id", *self._paths), 1)

    def place(self, document: Document) -> Place:
        return Place(tuple(_value_at(document, path) for path in self._paths), document["_id"])

    def merged(self, reads: Sequence[Read]) -> list[Placed]:
        """Order what the alternatives found, each record once; under a collation there is one, in its order."""
        placed = list({each.place.id: each for read in reads for each in read.placed}.values())
        if self.collation is not None:
            return placed
        return sorted(placed, key=lambda one: one.place.key, reverse=self.is_descending)

    def first(self, places: Sequence[Place]) -> Place:
        return places[0] if len(places) == 1 else (max if self.is_descending else min)(places, key=lambda one: one.key)

    def not_beyond(self, placed: Sequence[Placed], end: Place) -> Sequence[Placed]:
        """Leave out what comes after a place."""
        if self.collation is not None:
            return placed
        return [
            each for each in placed if (each.place.key >= end.key if self.is_descending else each.place.key <= end.key)
        ]

    def within(self, conditions: Sequence[Document], span: Span) -> Document:
        """Match what passes conditions that an index finds, in a span of it; its end may be left to `stages`.

        Raises:
            CursorOfAnotherList: the place is one of another order.
        """
        found = [each for each in conditions if each]
        after = [] if span.after is None else self._beyond(span.after)
        if self._is_range:
            ends = [(span.after, self._worse, f"{self._better}e"), (span.up_to, self._better, self._worse)]
            return _all([*found, *(each for end in ends for each in self._bounded(*end))])
        if span.up_to is not None:  # and those that share the value of the place, which `stages` leaves out
            found.append({self._paths[0]: {"$not": {self._worse: span.up_to.values[0]}}})
        return {"$or": [_all([*found, branch]) for branch in after]} if after else _all(found)

    def _has(self, place: Place) -> bool:
        """Return whether a place has values of the kinds that this order is by."""
        return len(place.values) == len(self._paths) and all(
            bool(self._nullable) if value is None else family_of(value) is family
            for value, family in zip(place.values, self._families, strict=True)
        )

    def _bounded(self, place: Place | None, side: str, ties: str) -> list[Document]:
        """Bound the index by the value of a place, and leave out what has the same value on the other side."""
        if place is None:
            return []
        path, value = self._paths[0], cast("datetime | int", place.values[0])
        try:
            bound = next_to(value, 1 if side == "$lt" else -1)
        except OverflowError:  # no record has such a value
            raise CursorOfAnotherList.here() from None
        return [{path: {side: bound}}, {"$nor": [{path: value, "_id": {ties: place.id}}]}]

    def beyond(self, place: Place) -> Document:
        """Match what comes after a place.

        Raises:
            CursorOfAnotherList: the place is one of another order.
        """
        return {"$or": self._beyond(place)}

    def _beyond(self, place: Place) -> list[Document]:
        """Branches for what comes after a place; what has no value comes before all values."""
        if not self._has(place):
            raise CursorOfAnotherList.here()
        keys, branches = list(zip((*self._paths, "_id"), place.key, strict=True)), list[Document]()
        for number, (path, value) in enumerate(keys):
            same: Document = dict(keys[:number])
            if value is not None:
                branches.append({**same, path: {self._worse: value}})
            if value is None and not self.is_descending:
                branches.append({**same, path: {"$gte": ""}})
            if value is not None and self.is_descending and path in self._nullable:
                branches.append({**same, path: None})
        return branches

    def stages(
        self, where: Document, most: int, rest: All | None = None, wanted: int = 0, *, up_to: Place | None = None
    ) -> list[Document]:
        """Match by an index, in order, at most so many; then, apart from that, what is left, as many as are wanted."""
        left: list[Document] = []
        if up_to is not None and not self._is_range:  # what has the value of the place, and comes after it
            left.append({"$match": {"$nor": self._beyond(up_to)}})
        if rest is not None:
            left += [{"$match": compiled(rest, collated=self.collation is not None)}, {"$limit": wanted}]
        return [*self._sorted(where), {"$limit": most}, *left, SHOWN]

    def place_stages(self, where: Document, number: int) -> list[Document]:
        """Read from the index alone the place of the record of this number, from 1."""
        return [*self._sorted(where), {"$skip": number - 1}, {"$limit": 1}, {"$project": self.keys}]

    def _sorted(self, where: Document) -> list[Document]:
        return [*([{"$match": where}] if where else []), {"$sort": self.by}]

    def read(self, documents: list[Document], wanted: int) -> Read:
        """Tell what an alternative has found: where it found all that were wanted, there may be more."""
        placed = [Placed(self.place(document), document) for document in documents]
        return Read(placed, placed[-1].place if len(placed) == wanted else None)


def _all(conditions: Sequence[Document]) -> Document:
    return {"$and": list(conditions)} if conditions else {}


def _value_at(document: Document, path: str) -> Any:
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
