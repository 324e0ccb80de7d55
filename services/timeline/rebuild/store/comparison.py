"""Compare two versions of the projection side by side, in the order of their ids.

Meanwhile events are written to both, one version after the other, so a document that only one of them has is first
suspected, and confirmed when everything of that moment has been projected.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from services.timeline.entry.store.entries import Entries
from services.timeline.entry.store.versions import ProjectionVersions
from services.timeline.rebuild.domain import Difference
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document

PAGE: Final = 2000
_NAMES: Final = ("entries", "marks")


class VersionComparison:
    """Comparison of a version with the live one."""

    def __init__(self, versions: ProjectionVersions) -> None:
        self._versions = versions

    async def suspects(self, number: int) -> AsyncIterator[tuple[str, int, list[Difference]]]:
        """Yield page by page: the collection's name, the number of documents in the new version, what differs."""
        for name in _NAMES:
            collections = await self._collections(name, number)
            after = ""
            while True:
                pages = await asyncio.gather(*(_page(each, after) for each in collections))
                # Beyond the end of a full page, only the other side is known.
                after = min((page[-1]["_id"] for page in pages if len(page) == PAGE), default="")
                live, new = ({d["_id"]: d for d in page if not after or d["_id"] <= after} for page in pages)
                yield name, len(new), list(_differences(name, live, new))
                if not after:
                    break

    async def confirmed(self, number: int, suspected: Sequence[Difference]) -> list[Difference]:
        """Return those that still differ."""
        found: list[Difference] = []
        for name in _NAMES:
            collections = await self._collections(name, number)
            ids = [difference.id for difference in suspected if difference.collection == name]
            for start in range(0, len(ids), PAGE):
                where = {"_id": {"$in": ids[start : start + PAGE]}}
                pages = await asyncio.gather(*(each.find(where) for each in collections))
                live, new = ({document["_id"]: document for document in page} for page in pages)
                found += _differences(name, live, new)
        return found

    async def _collections(self, name: str, number: int) -> Sequence[Collection]:
        versions: Sequence[Entries] = (await self._versions.live(), self._versions.version(number))
        return [each.entries if name == "entries" else each.overrides for each in versions]


async def _page(collection: Collection, after: str) -> list[Document]:
    return await collection.find({"_id": {"$gt": after}}, sort=[("_id", 1)], limit=PAGE)


def _differences(name: str, live: dict[str, Document], new: dict[str, Document]) -> Iterator[Difference]:
    if live == new:
        return
    for id_ in sorted(live.keys() | new.keys()):
        old, other = live.get(id_), new.get(id_)
        if other is None:
            yield _difference(name, id_, "missing")
        elif old is None:
            yield _difference(name, id_, "extra")
        elif old != other:
            fields = [key for key in sorted(old.keys() | other.keys()) if old.get(key) != other.get(key)]
            yield _difference(name, id_, "different", fields)


def _difference(name: str, id_: str, kind: str, fields: Sequence[str] = ()) -> Difference:
    return Difference.model_validate({"collection": name, "id": id_, "kind": kind, "fields": fields})
