"""Remember in the database which views hold the events of the time before them (0045)."""

from datetime import datetime

from shared.kit.storage.collection import Collection

FILLED_VIEWS = "filled_views"


class FilledViews:
    """The views that were filled in a database, shared by all replicas.

    Attributes:
        awaited: views without which the service is not ready.
    """

    def __init__(self, marks: Collection) -> None:
        self.awaited: set[str] = set()
        self._marks = marks
        self._read: set[str] = set()

    async def is_read(self, view: str) -> bool:
        """Return whether the topics of a view were read to their ends once: it lacks nothing of before then."""
        if view not in self._read and await self._marks.get_each([view, _of_reading(view)]):
            self._read.add(view)
        return view in self._read

    async def has_awaited(self) -> bool:
        """Return whether every view was read that the service needs to be ready."""
        return all([await self.is_read(view) for view in sorted(self.awaited)])

    async def is_filled(self, view: str) -> bool:
        """Return whether nothing is left to be read for a view."""
        return await self._marks.get(view) is not None

    async def mark_read(self, view: str, at: datetime) -> None:
        """Remember that the topics of a view were read to their ends."""
        if not await self.is_read(view):
            await self._marks.insert_missing([{"_id": _of_reading(view), "read_at": at}])

    async def mark_filled(self, view: str, at: datetime) -> None:
        """Remember that a view is filled, also for replicas of before `mark_read`."""
        await self._marks.insert_missing([{"_id": view, "filled_at": at}])


def _of_reading(view: str) -> str:
    return f"{view} read"
