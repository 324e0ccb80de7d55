"""Store counts and sums of records in cells, and know which cells have to be counted anew.

A cell is the records that have the same values of some fields, such as the deals of one user on one stage. Who
changes a record marks the cells that it was in and is in; nothing is added to a cell and nothing is taken from it. So
neither the order of marks matters nor how often one comes, and a rebuild is a mark of every cell.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index

Key: TypeAlias = Mapping[str, str]
"""The values that all records of a cell have, by the names of their fields."""

DUE_INDEX: Final = Index([("due", 1)], sparse=True, name="due")
"""The cells that have to be counted."""

HELD_S: Final = 10.0
"""How long a replica may take to count a cell before another one does."""

_LONG_AGO: Final = datetime(1, 1, 2, tzinfo=UTC)

_MARKED: Final[Document] = {
    "marks": {"$add": [{"$ifNull": ["$marks", 0]}, 1]},
    "due": {"$ifNull": ["$due", "$$NOW"]},
    "since": {"$ifNull": ["$since", "$$NOW"]},
}
"""`marks` is their number, `since` when the first came that was not counted, `due` when the cell is to be counted."""


class Cells:
    """The cells of one kind."""

    def __init__(self, collection: Collection) -> None:
        """Open them; the collection has the `DUE_INDEX`."""
        self._cells = collection
        self.noun = collection.name

    async def mark(self, keys: Iterable[Key]) -> None:
        """Have these cells counted anew, among them those that are not known yet."""
        await asyncio.gather(*map(self._mark, keys))

    async def _mark(self, key: Key) -> None:
        id_ = {"_id": json.dumps(list(key.values()))}
        change = [{"$set": {name: {"$literal": value} for name, value in key.items()} | _MARKED}]
        while not await self._cells.put(id_, change):
            continue  # another replica has inserted it meanwhile

    async def mark_all(self, known: Iterable[Key]) -> None:
        """Have every cell counted anew, and those besides that there have to be."""
        await self._cells.update_all({}, [{"$set": _MARKED}])
        await self.mark(known)

    async def waiting(self, limit: int) -> Sequence[Document]:
        """Return the cells that have to be counted, those first that are due first."""
        return await self._cells.find({"due": {"$gt": _LONG_AGO}}, sort=DUE_INDEX.keys, limit=limit, hint="due")

    async def claim(self, seen: Document) -> Document | None:
        """Take a cell in hand for some seconds; None where another replica did.

        Marks that come from now on count for the next time.
        """
        until = {"$add": ["$$NOW", int(HELD_S * 1000)]}
        return await self._cells.update({"_id": seen["_id"], "due": seen["due"]}, [{"$set": {"due": until}}])

    async def store(self, claimed: Document, counted: Mapping[str, Any] | None) -> bool:
        """Store what was counted of a cell in hand, None where it has no records; False where it was claimed again.

        A mark that came meanwhile stays, so that the cell is counted once more.
        """
        held = {"_id": claimed["_id"], "due": claimed["due"]}
        if counted is None and await self._cells.delete({**held, "marks": claimed["marks"]}):
            return True
        is_marked = {"$ne": ["$marks", claimed["marks"]]}
        began = claimed["due"] - timedelta(seconds=HELD_S)
        rest = {
            "due": {"$cond": [is_marked, "$$NOW", "$$REMOVE"]},
            "since": {"$cond": [is_marked, began, "$$REMOVE"]},
        }
        stored = {name: {"$literal": value} for name, value in (counted or {}).items()}
        return await self._cells.update(held, [{"$set": stored | rest}]) is not None
