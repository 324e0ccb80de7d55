"""What the use cases of a rebuild need of the log, of the projection's versions and of stored rebuilds."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from services.timeline.entry.usecases import Projection
from services.timeline.rebuild.domain import Difference, Rebuild
from shared.kit.messaging.topic_reader import Batch, Places


class Log(Protocol):
    """The topics, and how far the live service has consumed them."""

    async def beginnings(self) -> Places:
        """Read the first offsets that are still there."""
        ...

    async def ends(self) -> Places:
        """Read the offsets that the next records will get."""
        ...

    async def committed(self) -> Places:
        """Read the offsets that the live service has committed."""
        ...

    def read(self, start: Places, ends: Places) -> AsyncIterator[Batch]:
        """Read everything from `start` to before `ends`."""
        ...


class Version(Projection, Protocol):
    """One version of the projection."""

    async def ensure(self) -> None:
        """Create its collections and indexes."""
        ...


class Versions(Protocol):
    """All versions of the projection."""

    def version(self, number: int) -> Version:
        """Open one; its collections need not exist."""
        ...

    async def reserve(self) -> int:
        """Reserve a number that no version ever had."""
        ...

    async def begin(self, number: int) -> None:
        """Write everything new to this version, too."""
        ...

    async def switch(self, number: int) -> int:
        """Make this version the live one in one write, and return the one that it replaced."""
        ...

    async def abandon(self, number: int) -> None:
        """Write no new entries to this version, unless it is live."""
        ...

    async def drop(self, number: int) -> None:
        """Drop a version that is not in use."""
        ...


class Comparing(Protocol):
    """Comparison of a version with the live one."""

    def suspects(self, number: int) -> AsyncIterator[tuple[str, int, list[Difference]]]:
        """Compare page by page, as of this moment."""
        ...

    async def confirmed(self, number: int, suspected: Sequence[Difference]) -> list[Difference]:
        """Return those that still differ."""
        ...


class Views(Protocol):
    """Look-up of rebuilds."""

    async def open(self) -> Rebuild | None:
        """Find the one that has not ended."""
        ...

    async def at_work(self) -> Rebuild | None:
        """Find the one that a replica should work at."""
        ...

    async def unswept(self) -> Sequence[Rebuild]:
        """Find those that ended and whose `leftover` is not dropped yet."""
        ...
