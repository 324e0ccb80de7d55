"""Read and write the live version of the projection, whichever that is (TL-11).

Note:
    Reads and writes use the last known pointer and check it afterwards: if it moved, they are repeated. Checking first
    would leave a gap in which a paused replica reads or writes a version that is no longer live.
"""

from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final, TypeVar

from crm_contracts.values import ElementRef

from services.timeline.entry.domain.entry import Entry
from services.timeline.entry.store.entries import Entries
from services.timeline.entry.store.versions import Pointer, ProjectionVersions

T = TypeVar("T")

POINTER_MAX_AGE_S: Final = 1.0
"""An older pointer is refreshed before a write, so that the next version has an entry before it can be read."""


class LiveEntries:
    """The projection as the service reads and writes it."""

    def __init__(self, versions: ProjectionVersions) -> None:
        self._versions = versions
        self._pointer: Pointer | None = None
        self._refreshed_at = 0.0

    async def page(
        self,
        element: ElementRef,
        kinds: Sequence[str] | None,
        *,
        with_named: bool = False,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[tuple[Entry, set[str]]], str | None]:
        """See `Entries.page`."""
        return await self._read(
            lambda live: live.page(element, kinds, with_named=with_named, limit=limit, cursor=cursor)
        )

    async def of_event(self, event_id: str) -> list[Entry]:
        """See `Entries.of_event`."""
        return await self._read(lambda live: live.of_event(event_id))

    async def is_known(self, element: ElementRef) -> bool:
        """See `Entries.is_known`."""
        return await self._read(lambda live: live.is_known(element))

    async def correlated(self, correlation_id: str, *, limit: int) -> tuple[list[Entry], bool]:
        """See `Entries.correlated`."""
        return await self._read(lambda live: live.correlated(correlation_id, limit=limit))

    async def write(self, act: Callable[[Entries], Awaitable[None]]) -> None:
        """Apply a write to every target: the version that is being built, then the live one."""
        pointer = self._pointer
        if pointer is None or monotonic() - self._refreshed_at > POINTER_MAX_AGE_S:
            pointer = await self._refresh()
        written: set[int] = set()
        while missing := [number for number in pointer.targets if number not in written]:
            for number in missing:
                await act(self._versions.version(number))
            written.update(missing)
            pointer = await self._refresh()

    async def _read(self, act: Callable[[Entries], Awaitable[T]]) -> T:
        pointer = self._pointer or await self._refresh()
        while True:
            read = pointer.live
            found = await act(self._versions.version(read))
            pointer = await self._refresh()
            if pointer.live == read:
                return found

    async def _refresh(self) -> Pointer:
        self._pointer = await self._versions.pointer()
        self._refreshed_at = monotonic()
        return self._pointer
