"""Page through lists by cursor.

A cursor is a position in the order and not a number of records to skip, so nothing is listed twice or left out while
new records are inserted.
"""

from typing import Final

from shared.kit.storage.collection import Collection
from shared.kit.storage.cursors import moment_and_id
from shared.kit.storage.documents import Document, Filter

MAX_PAGE = 200
WITHOUT_BOOKKEEPING = {"outbox": 0, "inbox": 0, "keyed": 0, "created_by_cause": 0}
NEWEST: Final = (("created_at", -1), ("_id", -1))
"""The order of most lists, and the last fields of their indexes."""


async def newest_first(
    collection: Collection, where: Filter, *, limit: int, cursor: str | None, time: str = "created_at"
) -> tuple[list[Document], str | None]:
    """Load one page by `time` and id, newest first, with the cursor of the next; the index must end in both fields."""
    place: Document = {}
    if cursor:
        at, id_ = await collection.cursors.place(cursor, moment_and_id)
        place = {"$or": [{time: {"$lt": at}}, {time: at, "_id": {"$lt": id_}}]}
    found = await collection.find(
        {**where, **place}, sort=[(time, -1), ("_id", -1)], limit=limit + 1, fields=WITHOUT_BOOKKEEPING
    )
    page = found[:limit]
    more = await collection.cursors.give(page[-1][time], page[-1]["_id"]) if len(found) > limit else None
    return page, more
