"""Which generation of the projection is live, and everybody's way to it (TL-11).

The projection is two collections, entries and marks; a rebuild tells it anew in two others. One document says which
pair is live and which one is being built, so that switching is one write. The surprise: nobody asks first and acts
then. Whoever reads or writes acts on what it knew last and looks at the document *afterwards*: if that moved, it acts
again. However long a replica was paused in between, what it read was live, and what it wrote is where it belongs.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeVar

from crm_contracts.values import ElementRef

from services.timeline.adapters.comparison import confirmed, suspects
from services.timeline.adapters.mongo import Entries
from services.timeline.domain.entry import Entry
from services.timeline.domain.rebuild import Difference
from shared.kit.domain import Conflict
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document, Filter
from shared.kit.web.auth import Caller

T = TypeVar("T")

POINTERS: Final = "projections"
LIVE: Final = "live"
HELD_S: Final = 1.0
"""A writer that has not looked for longer looks first: an entry is in both generations before anybody can read it."""


class NotNext(Conflict):
    """Only the generation that is being built can become the live one."""

    code = "not_next"


@dataclass(frozen=True)
class Pointer:
    """The numbers of the live generation and of the one that is being built, if there is one."""

    live: int = 1
    next: int | None = None

    @property
    def written(self) -> tuple[int, ...]:
        """Where new entries go. In this order: what the live one shows, the next one has already."""
        return (self.live,) if self.next is None else (self.next, self.live)


class Generations:
    """The generations of the projection; the first has plain names, the second is `entries_2` and `marks_2`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pointers = database.collection(POINTERS)

    def generation(self, number: int) -> Entries:
        """One of them, which need not be there."""
        suffix = "" if number == 1 else f"_{number}"
        return Entries(*(self._database.collection(f"{name}{suffix}") for name in ("entries", "marks")))

    async def pointer(self) -> Pointer:
        """What the document says now."""
        found = await self._pointers.get(LIVE)
        return Pointer() if found is None else Pointer(found["live"], found["next"])

    async def live(self) -> Entries:
        """The one that is live at this moment."""
        return self.generation((await self.pointer()).live)

    async def ensure_live(self) -> None:
        """Make the live one's collections and indexes."""
        await self._pointers.insert_missing([{"_id": LIVE, "live": 1, "next": None, "last": 1}])
        await (await self.live()).ensure()

    async def reserve(self) -> int:
        """A number that no generation ever had."""
        changed = await self._pointers.update({"_id": LIVE}, {"$inc": {"last": 1}})
        return int(changed["last"]) if changed else 1

    async def begin(self, number: int) -> None:
        """From here on everything new is written to this one too; later ones are not taken back."""
        free: Filter = {"$or": [{"next": None}, {"next": {"$lt": number}}]}
        await self._pointers.update({"_id": LIVE, "live": {"$lt": number}, **free}, {"$set": {"next": number}})

    async def switch(self, number: int) -> int:
        """Make it the live one, in one step; the number of the one that was. Done before, it changes nothing.

        Raises:
            NotNext: it is not the one that is being built.
        """
        step: Document = {"$set": {"replaced": "$live", "live": number, "next": None}}
        switched = await self._pointers.update({"_id": LIVE, "next": number}, [step])
        found = switched or await self._pointers.get(LIVE)
        if found is None or found["live"] != number:
            raise NotNext(f"Generation {number} is not being built.")
        return int(found["replaced"])

    async def abandon(self, number: int) -> None:
        """Nothing is written to this one any more, unless it is live."""
        await self._pointers.update({"_id": LIVE, "next": number}, {"$set": {"next": None}})

    async def suspects(self, number: int) -> AsyncIterator[tuple[str, int, list[Difference]]]:
        """See `comparison`: what the live one and this one do not have in common at this moment."""
        async for found in suspects(await self.live(), self.generation(number)):
            yield found

    async def confirmed(self, number: int, suspected: Sequence[Difference]) -> list[Difference]:
        """Those of them that still differ."""
        return await confirmed(await self.live(), self.generation(number), suspected)

    async def drop(self, number: int) -> None:
        """Remove it, unless it is in use."""
        if number not in (await self.pointer()).written:
            generation = self.generation(number)
            await generation.entries.drop()
            await generation.marks.drop()


async def live_collections(database: Database) -> tuple[Collection, Collection]:
    """Entries and marks as the timeline service reads them at this moment, for those who read its database."""
    live = await Generations(database).live()
    return live.entries, live.marks


class LiveEntries:
    """The projection as the service reads and writes it, whichever generation that is."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._known = Pointer()
        self._looked_at = -HELD_S

    async def page(
        self, element: ElementRef, kinds: Sequence[str], *, access: Caller, limit: int, cursor: str | None
    ) -> tuple[list[Entry], str | None]:
        """See `Entries`."""
        return await self._read(lambda live: live.page(element, kinds, access=access, limit=limit, cursor=cursor))

    async def of_event(self, event_id: str) -> list[Entry]:
        """See `Entries`."""
        return await self._read(lambda live: live.of_event(event_id))

    async def correlated(self, correlation_id: str, *, access: Caller) -> tuple[list[Entry], bool]:
        """See `Entries`."""
        return await self._read(lambda live: live.correlated(correlation_id, access=access))

    async def write(self, act: Callable[[Entries], Awaitable[None]]) -> None:
        """Do it to the live generation, and before that to the one that is being built."""
        if monotonic() - self._looked_at > HELD_S:
            await self._look()
        written: set[int] = set()
        pointer = self._known
        while missing := [number for number in pointer.written if number not in written]:
            for number in missing:
                await act(self._generations.generation(number))
            written.update(missing)
            pointer = await self._look()

    async def _read(self, act: Callable[[Entries], Awaitable[T]]) -> T:
        pointer = self._known
        while True:
            read = pointer.live
            found = await act(self._generations.generation(read))
            pointer = await self._look()
            if pointer.live == read:
                return found

    async def _look(self) -> Pointer:
        self._known = await self._generations.pointer()
        self._looked_at = monotonic()
        return self._known
