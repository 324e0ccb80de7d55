"""Read views of rebuilds; an index allows one open rebuild at a time."""

from services.timeline.rebuild.domain import AT_WORK, Rebuild
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import newest_first

REBUILDS = "rebuilds"
ONE_OPEN = "one_open"
REBUILD_INDEXES = (
    Index([("open", 1)], unique=True, partial={"open": True}, name=ONE_OPEN),
    Index([("leftover", 1)], name="leftover"),
    Index([("requested_at", 1), ("_id", 1)], name="newest"),
)


class RebuildViews:
    """Read views."""

    def __init__(self, rebuilds: MongoRepository[Rebuild]) -> None:
        self._rebuilds = rebuilds

    async def open(self) -> Rebuild | None:
        """Find the one that runs, or waits for a decision."""
        found = await self._rebuilds.collection.first({"open": True})
        return None if found is None else self._rebuilds.read(found)

    async def at_work(self) -> Rebuild | None:
        """Find the one that a replica should work at."""
        found = await self.open()
        return found if found is not None and found.state in AT_WORK else None

    async def newest(self, *, limit: int, cursor: str | None) -> tuple[list[Rebuild], str | None]:
        """Read one page, newest first."""
        page, more = await newest_first(self._rebuilds.collection, {}, limit=limit, cursor=cursor, time="requested_at")
        return [self._rebuilds.read(found) for found in page], more

    async def unswept(self) -> list[Rebuild]:
        """Find those that ended and left a version behind."""
        return [self._rebuilds.read(found) for found in await self._rebuilds.collection.find({"leftover": {"$gt": 0}})]
