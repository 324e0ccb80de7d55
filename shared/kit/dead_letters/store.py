"""What became of each parked record: open, replayed or discarded, and everything that was done about it, for ever.

The surprise: one record has one entry, however often it was parked. It is parked again whenever its batch is delivered
again, for a reason that may lie with its neighbours; that is added to its history, and reopens it only if it had been
replayed before.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from shared.kit.dead_letters.letter import entry_of
from shared.kit.domain import Conflict, NewId, NotFound, Refused
from shared.kit.messaging.log_reader import Record, Tail
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import DuplicateKey
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import newest_first
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import DEAD_LETTERS, DEAD_LETTERS_AGE

DEAD_LETTER_INDEXES: Final = (
    Index([("parked_at", 1), ("_id", 1)], name="newest"),
    Index([("state", 1), ("parked_at", 1), ("_id", 1)], name="newest_of_state"),
    Index([("state", 1), ("parked_in", 1), ("parked_at", 1)], name="measured"),
    Index([("parked_in", 1), ("last_offset", 1)], name="read_so_far"),
    Index(
        [("original.topic", 1), ("original.partition", 1), ("original.offset", 1)],
        unique=True,
        partial={"original": {"$type": "object"}},
        name="original",
    ),
)

_HANDLED: Final = frozenset({"done", "gone"})


class AlreadyDiscarded(Refused):
    """Somebody decided that it is not to be handled."""

    code = "already_discarded"


class AlreadyReplayed(Refused):
    """It has been handled after all."""

    code = "already_replayed"


class ReplayRunning(Conflict):
    """Somebody replays it at this moment."""

    code = "replay_running"


class DeadLetterStore:
    """The dead letters of one service, in its own database."""

    def __init__(
        self,
        service: str,
        collection: Collection,
        database: Database,
        *,
        topics: Mapping[str, str],
        tail: Tail,
        new_id: NewId,
        lease_s: float,
    ) -> None:
        """`topics` gives for each dead-letter topic the one whose records it takes.

        After `lease_s` a replay that has not ended is taken for dead.
        """
        self._service = service
        self._collection = collection
        self._database = database
        self._topics = topics
        self._tail = tail
        self._new_id = new_id
        self._lease = timedelta(seconds=lease_s)
        for topic in topics:
            DEAD_LETTERS.labels(topic).set(0)
            DEAD_LETTERS_AGE.labels(topic).set(0)

    async def catch_up(self) -> None:
        """Enter what was parked since; on several replicas at once, too, each record has one entry."""
        if not self._topics:
            return
        try:
            if not self._tail.is_following:
                await self._tail.follow({topic: await self._next_offset(topic) for topic in self._topics})
            while records := await self._tail.more():
                # One after the other: everything before an entry has its own, so that a restart reads on from there.
                for record in records:
                    await self._enter(record)
        except Exception as error:
            await self._tail.stop()  # the next time it begins after what is entered
            log.warning("dead letters not registered yet", error=type(error).__name__)
            raise

    async def _next_offset(self, topic: str) -> int:
        last = await self._collection.first({"parked_in": topic}, sort=[("last_offset", -1)])
        return 0 if last is None else int(last["last_offset"]) + 1

    async def _enter(self, record: Record) -> None:
        entry = entry_of(record, service=self._service, topic=self._topics[record.topic])
        try:
            await self._collection.insert(entry)
        except DuplicateKey:
            if entry["original"] is not None:
                await self._parked_again(entry)

    async def _parked_again(self, entry: Document) -> None:
        """One more parking of a record that has an entry; nothing where that is known, too."""
        place, at = entry["original"], entry["parked_at"]
        where = {f"original.{name}": place[name] for name in ("topic", "partition", "offset")}
        # Replayed, and failed after that: the topics are being read anew, and its effect is missing again.
        is_new = {"$and": [{"$eq": ["$state", "replayed"]}, {"$lt": ["$replayed_at", at]}]}
        change = {
            "last_offset": entry["last_offset"],
            "state": {"$cond": [is_new, "open", "$state"]},
            "parked_at": {"$cond": [is_new, at, "$parked_at"]},
            "history": {"$concatArrays": ["$history", {"$literal": entry["history"]}]},
        }
        await self._collection.update({**where, "last_offset": {"$lt": entry["last_offset"]}}, [{"$set": change}])

    async def measure(self) -> None:
        """Set the gauges: how many are open, and for how long the oldest has been."""
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
        """Entries with these values (None: any), newest first, and the cursor of the next page."""
        where = {name: value for name, value in filters.items() if value is not None}
        return await newest_first(self._collection, where, limit=limit, cursor=cursor, time="parked_at")

    async def get(self, id_: str) -> Document:
        """The entry.

        Raises:
            NotFound: no such dead letter.
        """
        entry = await self._collection.get(id_)
        if entry is None:
            raise NotFound(f"There is no dead letter {id_}.")
        return entry

    async def begin_replay(self, id_: str, *, by: str) -> Document | None:
        """The entry, whose last action is now this attempt, or None where somebody replayed it meanwhile.

        The attempt is on record before it begins: one that died in the middle has no outcome.

        Raises:
            NotFound, AlreadyDiscarded, ReplayRunning: it is not to be replayed, or not now.
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
        """Write down how an attempt ended; the entry as it is then.

        Whoever lost its lease only adds to the history: the entry is not its own any more.
        """
        told = {"history.$.outcome": outcome, "history.$.reason": reason}
        change: dict[str, Any] = {"$set": told, "$unset": {"lease": ""}, "$inc": {"attempts": tries}}
        if outcome in _HANDLED:
            change["$set"] = {**told, "state": "replayed"}
            change["$currentDate"] = {"replayed_at": True}
        elif outcome == "failed":
            change["$set"] = {**told, "reason": reason, "message": message}
        ended = await self._collection.update({"_id": id_, "lease.id": attempt, "history.id": attempt}, change)
        if ended is None:
            ended = await self._collection.update({"_id": id_, "history.id": attempt}, {"$set": told})
        return ended or await self.get(id_)

    async def discard(self, id_: str, *, by: str, reason: str) -> Document:
        """It needs no handling any more; it stays on record, and discarded twice it keeps its first reason.

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
    """Open, and nobody is at it; the time is the server's, which all replicas share."""
    return {"_id": id_, "state": "open", "$or": [{"lease": None}, {"lease.until": {"$lte": now}}]}
