"""Read views of runs."""

from collections.abc import Sequence
from typing import Final

from shared.kit.runs.outcomes import KEPT_S
from shared.kit.runs.run import Run
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST, newest_first

RUNS: Final = "runs"
OUTCOMES: Final = "run_outcomes"
RUN_INDEXES: Final = (
    Index([("is_open", 1), ("created_at", 1)], partial={"is_open": True}, name="open"),
    Index([("actor", 1), *NEWEST], name="of_actor"),
    Index(NEWEST, name="newest"),
    Index([("ended_at", 1)], expire_after_s=KEPT_S, name="expiry"),
)
MOST_OPEN: Final = 20
"""Runs that take turns."""


class RunViews:
    """Read views."""

    def __init__(self, runs: MongoRepository[Run]) -> None:
        self._runs = runs

    async def open(self) -> Sequence[Run]:
        """Find the oldest that a replica should work at."""
        found = await self._runs.collection.find(
            {"is_open": True}, sort=[("created_at", 1)], limit=MOST_OPEN, hint="open"
        )
        return [self._runs.read(each) for each in found]

    async def newest(self, actor: str | None, *, limit: int, cursor: str | None) -> tuple[Sequence[Run], str | None]:
        """Read one page of the runs of an actor, or of all, newest first."""
        where = {} if actor is None else {"actor": actor}
        page, more = await newest_first(self._runs.collection, where, limit=limit, cursor=cursor)
        return [self._runs.read(each) for each in page], more
