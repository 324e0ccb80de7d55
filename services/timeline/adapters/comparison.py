"""Two generations side by side, in the order of their ids.

The surprise: while it reads, events are told to both, one after the other. So a document that is in one of them only
is suspected at first, and looked at again when everything of that moment has been told.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from services.timeline.adapters.mongo import Entries
from services.timeline.domain.rebuild import Difference
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document

PAGE: Final = 2000
_NAMES: Final = ("entries", "marks")


async def suspects(live: Entries, new: Entries) -> AsyncIterator[tuple[str, int, list[Difference]]]:
    """Page by page: the collection's name, how many documents the new one has there, and what differs."""
    for name in _NAMES:
        after = ""
        while True:
            pages = await asyncio.gather(*(_page(getattr(each, name), after) for each in (live, new)))
            # Beyond the end of a full page, only the other side is known.
            after = min((page[-1]["_id"] for page in pages if len(page) == PAGE), default="")
            ours, theirs = ({d["_id"]: d for d in page if not after or d["_id"] <= after} for page in pages)
            yield name, len(theirs), list(_differences(name, ours, theirs))
            if not after:
                break


async def confirmed(live: Entries, new: Entries, suspected: Sequence[Difference]) -> list[Difference]:
    """Those of them that still differ."""
    found: list[Difference] = []
    for name in _NAMES:
        ids = [difference.id for difference in suspected if difference.collection == name]
        for start in range(0, len(ids), PAGE):
            where = {"_id": {"$in": ids[start : start + PAGE]}}
            pages = await asyncio.gather(*(getattr(each, name).find(where) for each in (live, new)))
            ours, theirs = ({document["_id"]: document for document in page} for page in pages)
            found += _differences(name, ours, theirs)
    return found


async def _page(collection: Collection, after: str) -> list[Document]:
    return await collection.find({"_id": {"$gt": after}}, sort=[("_id", 1)], limit=PAGE)


def _differences(name: str, ours: dict[str, Document], theirs: dict[str, Document]) -> Iterator[Difference]:
    if ours == theirs:
        return
    for id_ in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(id_), theirs.get(id_)
        if other is None:
            yield _difference(name, id_, "missing")
        elif mine is None:
            yield _difference(name, id_, "extra")
        elif mine != other:
            fields = [key for key in sorted(mine.keys() | other.keys()) if mine.get(key) != other.get(key)]
            yield _difference(name, id_, "different", fields)


def _difference(name: str, id_: str, kind: str, fields: Sequence[str] = ()) -> Difference:
    return Difference.model_validate({"collection": name, "id": id_, "kind": kind, "fields": fields})
