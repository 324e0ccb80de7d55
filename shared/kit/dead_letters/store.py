"""Keep the state of each dead letter (open, replayed, discarded) and its history, for ever."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from shared.kit.dead_letters.errors import AlreadyDiscarded, AlreadyReplayed, ReplayRunning
from shared.kit.domain import NewId, NotFound
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import newest_first
from shared.kit.telemetry.metrics import DEAD_LETTERS, DEAD_LETTERS_AGE

DEAD_LETTER_INDEXES: Final = (
    Index([("parked_at", 1), ("_id", 1)], name="newest"),
    Index([("state", 1), ("parked_at", 1), ("_id", 1)], name="newest_of_state"),
    Index([("state", 1), ("parked_in", 1), ("parked_at", 1)], name="measured"),
    Index([("parked_in", 1), ("last_at", 1), ("last_offset", 1)], name="read_until", replaces="read_so_far"),
    Index(
        # A topic that was made anew counts its offsets from 0 again: the time tells its records from the old ones.
        [("original.topic", 1), ("original.partition", 1), ("original.offset", 1), ("original.at", 1)],
        unique=True,
        partial={"original": {"$type": "object"}},
        name="original_record",
        replaces="original",
    ),
)

_HANDLED: Final = frozenset({"done", "gone"})


class DeadLetterStore:
    """The dead letters of one service, in its own database."""

    def __init__(
        self, collection: Collection, database: Database, *, topics: Iterable[str], new_id: NewId, lease_s: float
    ) -> None:
        """Measure the dead letters of these dead-letter topics; count a replay as dead after `lease_s`."""
        self._collection = collection
        self._database = database
        self._topics = tuple(topics)
        self._new_id = new_id
        self._lease = timedelta(seconds=lease_s)
        for topic in self._topics:
            DEAD_LETTERS.labels(topic).set(0)
            DEAD_LETTERS_AGE.labels(topic).set(0)

    async def measure(self) -> None:
        """Set the gauges: the number of open dead letters, and the age of the oldest."""
        group = {"_id": "$parked_in", "open": {"$sum": 1}, "oldest": {"$min": "$parked_at"}}
        counted = await self._collection.aggregate([{"$match": {"state": "open"}}, {"$group": group}])
        found, now = {each["_id"]: each for each in counted}, await self._database.now()
        for topic in self._topics:
            each = found.get(topic, {"open": 0, "oldest": now})
            DEAD_LETTERS.labels(topic).set(each["open"])
            DEAD_LETTERS_AGE.labels(topic).set(max(0.0, (now - each["oldest"]).total_seconds()))

    async def page(
        self, filters: Mapping[str, str | None], *, limit: int, cursor: str | None
    ) -> tuple[list[Document], str | None]:
        """List entries with these values (None: any), newest first, with the cursor of the next page."""
        where = {name: value for name, value in filters.items() if value is not None}
        return await newest_first(self._collection, where, limit=limit, cursor=cursor, time="parked_at")

    async def get(self, id_: str) -> Document:
        """Load an entry.

        Raises:
            NotFound: no such dead letter.
        """
        entry = await self._collection.get(id_)
        if entry is None:
            raise NotFound(f"There is no dead letter {id_}.")
        return entry

    async def begin_replay(self, id_: str, *, by: str) -> Document | None:
        """Take the lease, and return the entry with this attempt as its last action; None where it is replayed already.

        The attempt is stored before it starts: one that died halfway has no outcome.

        Raises:
            NotFound, AlreadyDiscarded, ReplayRunning: it must not be replayed, or not now.
        """
        now = await self._database.now()
        attempt = self._action("replay", by=by, at=now)
        lease = {"id": attempt["id"], "until": now + self._lease}
        change = {"$set": {"lease": lease}, "$push": {"history": attempt}}
        entry = await self._collection.update(_free(id_, now), change)
        if entry is not None:
            return entry
        entry = await self.get(id_)
        if entry["state"] == "discarded":
            raise AlreadyDiscarded(f"The dead letter {id_} has been discarded.")
        if entry["state"] == "open":
            raise ReplayRunning(f"The dead letter {id_} is being replayed.")
        return None

    async def end_replay(
        self, id_: str, attempt: str, *, outcome: str, tries: int, reason: str | None, message: str
    ) -> Document:
        """Store the outcome of an attempt, and return the entry.

        An attempt that lost its lease only changes its own action in the history.
        """
        action = {"history.$.outcome": outcome, "history.$.reason": reason}
        change: dict[str, Any] = {"$set": action, "$unset": {"lease": ""}, "$inc": {"attempts": tries}}
        if outcome in _HANDLED:
            change["$set"] = {**action, "state": "replayed"}
            change["$currentDate"] = {"replayed_at": True}
        elif outcome == "failed":
            change["$set"] = {**action, "reason": reason, "message": message}
        ended = await self._collection.update({"_id": id_, "lease.id": attempt, "history.id": attempt}, change)
        if ended is None:
            ended = await self._collection.update({"_id": id_, "history.id": attempt}, {"$set": action})
        return ended or await self.get(id_)

    async def discard(self, id_: str, *, by: str, reason: str) -> Document:
        """Mark a record as not to be handled; discarded twice it keeps its first reason.

        Raises:
            NotFound, AlreadyReplayed, ReplayRunning: it cannot be discarded, or not now.
        """
        now = await self._database.now()
        action = self._action("discard", by=by, at=now, outcome="done", reason=reason)
        change = {"$set": {"state": "discarded"}, "$unset": {"lease": ""}, "$push": {"history": action}}
        entry = await self._collection.update(_free(id_, now), change)
        if entry is not None:
            return entry
        entry = await self.get(id_)
        if entry["state"] == "replayed":
            raise AlreadyReplayed(f"The dead letter {id_} has been replayed.")
        if entry["state"] == "open":
            raise ReplayRunning(f"The dead letter {id_} is being replayed.")
        return entry

    def _action(
        self, action: str, *, by: str, at: datetime, outcome: str | None = None, reason: str | None = None
    ) -> Document:
        return {"id": self._new_id(), "action": action, "by": by, "at": at, "outcome": outcome, "reason": reason}


def _free(id_: str, now: datetime) -> Document:
    """Match the entry while it is open and not leased; `now` is the server's time, which all replicas share."""
    return {"_id": id_, "state": "open", "$or": [{"lease": None}, {"lease.until": {"$lte": now}}]}
