"""Versions of the projection: which one is live, and which one is being built (TL-11).

A version is a pair of collections, entries and binding overrides. One document, the pointer, says which version is
live and which is being built, so that switching is one write. The form in which entries are stored has a pointer of its
own: code of another form, such as a replica that is not updated yet, goes on with its own version (0047).
"""

from dataclasses import dataclass
from typing import Final

from services.timeline.entry.store.entries import Entries
from shared.kit.domain import Conflict
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document, Filter

POINTERS: Final = "projections"
LIVE: Final = "live_2"
"""The pointer of this form, with a document for each event."""

EARLIER: Final = "live"
"""The pointer of the form before, with a document for each event and element."""


class NotNext(Conflict):
    """Only the version that is being built can become the live one."""

    code = "not_next"


@dataclass(frozen=True)
class Pointer:
    """Numbers of the live version and of the one that is being built, if there is one."""

    live: int = 1
    next: int | None = None

    @property
    def targets(self) -> tuple[int, ...]:
        """Versions that new entries are written to, in this order: what the live one shows, the next one has."""
        return (self.live,) if self.next is None else (self.next, self.live)


class ProjectionVersions:
    """All versions; the first has plain collection names, the second `entries_2` and `marks_2`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pointers = database.collection(POINTERS)

    def version(self, number: int) -> Entries:
        """Open the collections of a version; they need not exist."""
        suffix = "" if number == 1 else f"_{number}"
        return Entries(*(self._database.collection(f"{name}{suffix}") for name in ("entries", "marks")))

    async def pointer(self) -> Pointer:
        """Read the pointer."""
        found = await self._pointers.get(LIVE)
        return Pointer() if found is None else Pointer(found["live"], found["next"])

    async def live(self) -> Entries:
        """Open the version that is live at this moment."""
        return self.version((await self.pointer()).live)

    async def ensure_live(self) -> None:
        """Create the pointer, and the live version's collections and indexes."""
        if await self._pointers.get(LIVE) is None:
            # A number that the earlier form will not use either: neither may find documents of the other.
            earlier = await self._pointers.update({"_id": EARLIER}, {"$inc": {"last": 1}})
            first = 1 if earlier is None else int(earlier["last"])
            await self._pointers.insert_missing([{"_id": LIVE, "live": first, "next": None, "last": first}])
        await (await self.live()).ensure()

    async def has_earlier(self) -> bool:
        """Whether events were projected in the form before, so that the live version may lack them."""
        return await self._pointers.get(EARLIER) is not None

    async def reserve(self) -> int:
        """Reserve a number that no version ever had."""
        changed = await self._pointers.update({"_id": LIVE}, {"$inc": {"last": 1}})
        return int(changed["last"]) if changed else 1

    async def begin(self, number: int) -> None:
        """Make this version a target of new entries, unless it or a later one is live or a target already."""
        free: Filter = {"$or": [{"next": None}, {"next": {"$lt": number}}]}
        await self._pointers.update({"_id": LIVE, "live": {"$lt": number}, **free}, {"$set": {"next": number}})

    async def switch(self, number: int) -> int:
        """Make this version the live one in one write, and return the one that it replaced; idempotent.

        Raises:
            NotNext: it is not the one that is being built.
        """
        step: Document = {"$set": {"replaced": "$live", "live": number, "next": None}}
        switched = await self._pointers.update({"_id": LIVE, "next": number}, [step])
        found = switched or await self._pointers.get(LIVE)
        if found is None or found["live"] != number:
            raise NotNext(f"Version {number} is not being built.")
        return int(found["replaced"])

    async def abandon(self, number: int) -> None:
        """Write no new entries to this version, unless it is live."""
        await self._pointers.update({"_id": LIVE, "next": number}, {"$set": {"next": None}})

    async def drop(self, number: int) -> None:
        """Drop the collections of a version that is not in use."""
        if number not in (await self.pointer()).targets:
            await self.version(number).drop()


async def live_collections(database: Database) -> tuple[Collection, Collection]:
    """Open the live entries and binding overrides, for readers of the timeline service's database."""
    live = await ProjectionVersions(database).live()
    return live.entries, live.overrides
