"""Marks of rights on records from before there were any, made where they are stored (PERM-04)."""

from collections.abc import Iterable
from typing import Final

from shared.elements.domain.rights.accessed import OPEN
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document

_RESPONSIBLE: Final = {
    "$cond": [{"$gt": ["$responsible_id", ""]}, [{"$concat": ["r:", "$responsible_id"]}], []],
}
_OBSERVERS: Final = {
    "$map": {"input": {"$setUnion": [{"$ifNull": ["$observers", []]}]}, "in": {"$concat": ["o:", "$$this"]}},
}
_OPEN: Final = {"$cond": [{"$eq": ["$open_to_all", False]}, [], [OPEN]]}

MARKS: Final[Document] = {"$concatArrays": [_RESPONSIBLE, _OBSERVERS, _OPEN]}
"""`Accessed.marks`, worked out by MongoDB from the fields of a document."""


async def mark_records(collections: Iterable[Collection]) -> None:
    """Mark the records that have no marks yet; done before, it finds none by their index."""
    for collection in collections:
        await collection.update_all({"access": {"$exists": False}}, [{"$set": {"access": MARKS}}])
