"""Order filtered lists: as MongoDB does along an index, and as Python does where several alternatives are merged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.elements.domain.filters.nodes import All
from shared.elements.domain.filters.query import Order
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.list_cursors import Place
from shared.elements.store.query_plan import IndexTable, next_to
from shared.kit.storage.documents import Document
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING

SHOWN: Final[Document] = {"$project": WITHOUT_BOOKKEEPING}


@dataclass(frozen=True, slots=True)
class Read:
    """What one alternative found, in order, and the place that it was read up to; None for to its end."""

    documents: list[Document]
    up_to: Place | None


class Sorting:
    """An order, as MongoDB and as Python have it."""

    def __init__(self, order: Order, table: IndexTable) -> None:
        self._path, self.is_descending = order.field.path, order.is_descending
        direction = -1 if order.is_descending else 1
        ids = {} if order.field.name in table.unique else {"_id": direction}
        self._by: Document = {self._path: direction, **ids}
        self._worse, self._better = ("$lt", "$gt") if order.is_descending else ("$gt", "$lt")

    def key(self, document: Document) -> Any:
        return document[self._path], document["_id"]

    def place(self, document: Document) -> Place:
        return Place(*self.key(document))

    def first(self, places: Sequence[Place]) -> Place:
        return (max if self.is_descending else min)(places, key=lambda place: (place.value, place.id))

    def is_beyond(self, document: Document, place: Place) -> bool:
        key, end = self.key(document), (place.value, place.id)
        return bool(key < end if self.is_descending else key > end)

    def following(self, after: Place | None) -> list[Document]:
        """Conditions for what comes after a place."""
        return self._bounded(after, self._worse, {f"{self._better}e": after.id} if after else {})

    def not_beyond(self, place: Place | None) -> list[Document]:
        """Conditions for what comes no later than a place."""
        return self._bounded(place, self._better, {self._worse: place.id} if place else {})

    def _bounded(self, place: Place | None, side: str, ties: Document) -> list[Document]:
        """Bound the index by the value of a place, and leave out what has the same value on the other side."""
        if place is None:
            return []
        bound = next_to(place.value, 1 if side == "$lt" else -1)
        return [{self._path: {side: bound}}, {"$nor": [{self._path: place.value, "_id": ties}]}]

    def stages(self, along: Sequence[Document], most: int, rest: All | None = None, wanted: int = 0) -> list[Document]:
        """Match by an index, in order, at most so many; then, apart from that, what is left, as many as are wanted."""
        left: list[Document] = [{"$match": compiled(rest)}, {"$limit": wanted}] if rest else []
        return [*self._sorted(along), {"$limit": most}, *left, SHOWN]

    def place_stages(self, along: Sequence[Document], number: int) -> list[Document]:
        """Read from the index alone the place of the record of this number, from 1."""
        keys = {"_id": 1, self._path: 1}
        return [*self._sorted(along), {"$skip": number - 1}, {"$limit": 1}, {"$project": keys}]

    def _sorted(self, along: Sequence[Document]) -> list[Document]:
        conditions = [each for each in along if each]
        return [*([{"$match": {"$and": conditions}}] if conditions else []), {"$sort": self._by}]

    def read(self, documents: list[Document], wanted: int) -> Read:
        """Tell what an alternative has found: where it found all that were wanted, there may be more."""
        return Read(documents, self.place(documents[-1]) if len(documents) == wanted else None)
