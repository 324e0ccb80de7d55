"""Page through lists by cursor.

A cursor is a position in the order and not a number of records to skip, so nothing is listed twice or left out while
new records are inserted.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from shared.kit.domain import invalid_field
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter

P = TypeVar("P")

MAX_PAGE = 200
WITHOUT_BOOKKEEPING = {"outbox": 0, "inbox": 0, "keyed": 0, "created_by_cause": 0}
NEWEST: Final = (("created_at", -1), ("_id", -1))
"""The order of most lists, and the last fields of their indexes."""


def encode_cursor(*parts: str | datetime) -> str:
    """Encode a position in a list as an opaque cursor."""
    texts = [part.isoformat() if isinstance(part, datetime) else part for part in parts]
    return base64.urlsafe_b64encode(json.dumps(texts, ensure_ascii=False).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """Decode a cursor of time and id.

    Raises:
        Invalid: not a cursor of this list.
    """
    return decode_place(cursor, _moment_and_id)


def _moment_and_id(texts: list[str]) -> tuple[datetime, str]:
    at, id_ = texts
    return datetime.fromisoformat(at).astimezone(UTC), id_


def decode_place(cursor: str, place_of: Callable[[list[str]], P]) -> P:
    """Decode a cursor to the place that `place_of` makes of its texts; it raises ValueError or OverflowError.

    Raises:
        Invalid: not a cursor of this list.
    """
    try:
        return place_of(_texts_of(cursor))
    except (ValueError, OverflowError) as error:
        raise invalid_field("cursor", "cursor", "not a cursor of this list") from error


def stored_number(text: str) -> int:
    """Read a number of a cursor.

    Raises:
        ValueError: it is none.
        OverflowError: MongoDB has none of more than 64 bits.
    """
    number = int(text)
    number.to_bytes(8, signed=True)
    return number


def _texts_of(cursor: str) -> list[str]:
    """Decode a cursor, and check that it holds nothing but texts: an object would be a MongoDB operator.

    Raises:
        ValueError: not a cursor.
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
    """Load one page by `time` and id, newest first, with the cursor of the next; the index must end in both fields."""
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
