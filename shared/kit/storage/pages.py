"""Lists, page by page.

The surprise: a cursor is a place, not a number of records to skip, so that nothing is shown twice or left out while new
records come in at the top.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Final

from shared.kit.domain import invalid_field
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter

MAX_PAGE = 200
WITHOUT_BOOKKEEPING = {"outbox": 0, "inbox": 0, "created_by_cause": 0}
NEWEST: Final = (("created_at", -1), ("_id", -1))
"""The order of most lists, and how their indexes end."""


def encode_cursor(*parts: str | datetime) -> str:
    """An opaque place in a list."""
    texts = [part.isoformat() if isinstance(part, datetime) else part for part in parts]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """The place as (time, id).

    Raises:
        Invalid: not one of our cursors.
    """
    try:
        at, id_ = decode_place(cursor)
        return datetime.fromisoformat(at).astimezone(UTC), id_
    except (ValueError, OverflowError) as error:
        raise invalid_field("cursor", "cursor", "not a cursor of this list") from error


def decode_place(cursor: str) -> list[str]:
    """The texts that a cursor was made of, and nothing but texts: an object would be an operator to MongoDB.

    Raises:
        ValueError: not one of our cursors.
    """
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except RecursionError as error:
        raise ValueError("nested") from error
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("not a list of texts")
    "".join(texts).encode()  # MongoDB stores no lone surrogate
    return texts


async def newest_first(
    collection: Collection, where: Filter, *, limit: int, cursor: str | None, time: str = "created_at"
) -> tuple[list[Document], str | None]:
    """One page by `time` and id, newest first, and the cursor of the next; the index must end in both fields."""
    place: Document = {}
    if cursor:
        at, id_ = decode_cursor(cursor)
        place = {"$or": [{time: {"$lt": at}}, {time: at, "_id": {"$lt": id_}}]}
    found = await collection.find(
        {**where, **place}, sort=[(time, -1), ("_id", -1)], limit=limit + 1, fields=WITHOUT_BOOKKEEPING
    )
    page = found[:limit]
    more = encode_cursor(page[-1][time], page[-1]["_id"]) if len(found) > limit else None
    return page, more
