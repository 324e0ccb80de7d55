"""Cursors: places in lists, sealed so that no caller can read or make one (ADR 0062).

A page may end at a record that its caller may not read. Its cursor is encrypted and authenticated by AES-SIV, with a
key that the replicas of a service share, and bound to its list; its length is that of every cursor of the list.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from pymongo import ReturnDocument

from shared.kit.domain import invalid_field

P = TypeVar("P")

KEYS: Final = "cursor_keys"
_KEY: Final = "lists"
_KEY_BITS: Final = 512
SIZE: Final = 128
"""Bytes of a place of a time and an id; other places are filled up to a size of their own."""


class CursorKey:
    """The key of a service's cursors, kept in its database: the first replica to need it makes it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._cipher: AESSIV | None = None

    async def cipher(self) -> AESSIV:
        """Return the cipher of the key, which is read once."""
        if self._cipher is None:
            # Of replicas that start together one inserts it; the server tries an upsert by id again for the others.
            stored = await self._inner.find_one_and_update(
                {"_id": _KEY},
                {"$setOnInsert": {"key": AESSIV.generate_key(_KEY_BITS)}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
            self._cipher = AESSIV(stored["key"])
        return self._cipher


class Cursors:
    """The cursors of one list, or of lists that share a collection."""

    def __init__(self, key: CursorKey, name: str) -> None:
        self._key, self._name = key, name

    def named(self, name: str) -> "Cursors":
        """Return those of a list by its own name, whatever collection it is in."""
        return Cursors(self._key, name)

    async def give(self, *parts: str | datetime, size: int = SIZE) -> str:
        """Make the cursor of a place; those of places of up to `size` bytes are of one length."""
        cipher = await self._key.cipher()
        place = written(*parts)
        return text_of(cipher.encrypt(place + b" " * (-len(place) % size), [self._name.encode()]))

    async def place(self, cursor: str, place_of: Callable[[list[str]], P]) -> P:
        """Return what `place_of` makes of the texts of a cursor; it raises ValueError where they are no place.

        Raises:
            Invalid: not a cursor of this list.
        """
        cipher = await self._key.cipher()
        try:
            return place_of(read(cipher.decrypt(bytes_of(cursor), [self._name.encode()])))
        except (InvalidTag, ValueError) as error:
            raise invalid_field("cursor", "cursor", "not a cursor of this list") from error


def moment_and_id(texts: list[str]) -> tuple[datetime, str]:
    """Read the place of a time and an id."""
    at, id_ = texts
    return datetime.fromisoformat(at).astimezone(UTC), id_


def written(*parts: str | datetime) -> bytes:
    """Write a place."""
    texts = [part.isoformat() if isinstance(part, datetime) else part for part in parts]
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()


def read(place: bytes) -> list[str]:
    """Read the texts of a place."""
    texts: list[str] = json.loads(place)
    return texts


def text_of(data: bytes) -> str:
    """Write bytes for an address."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """Read bytes of an address.

    Raises:
        ValueError: they are none.
    """
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
