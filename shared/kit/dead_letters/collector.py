"""Read the dead-letter topics of a service into its database.

A record has one entry, however often it was dead-lettered. It is dead-lettered again with each redelivery of its batch,
which may be due to other records; that is added to its history, and reopens it only if it was replayed before.
"""

from collections.abc import Mapping

from shared.kit.dead_letters.record_mapping import entry_of
from shared.kit.messaging.log_reader import Tail
from shared.kit.messaging.records import Record
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import DuplicateKey
from shared.kit.telemetry.logs import log


class DeadLetterCollector:
    """Makes an entry for each dead-lettered record, also where several replicas do so at once."""

    def __init__(self, service: str, collection: Collection, *, topics: Mapping[str, str], tail: Tail) -> None:
        """Read `topics`: each dead-letter topic with the topic whose records it takes."""
        self._service = service
        self._collection = collection
        self._topics = topics
        self._tail = tail

    async def catch_up(self) -> None:
        """Make entries for the records that came in since the last run."""
        if not self._topics:
            return
        try:
            if not self._tail.is_following:
                await self._tail.follow({topic: await self._next_offset(topic) for topic in self._topics})
            while records := await self._tail.more():
                # In order: every record before an entry has an entry, so that a restart continues from there.
                for record in records:
                    await self._enter(record)
        except Exception as error:
            await self._tail.stop()  # the next run starts after the last entry
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
                await self._enter_again(entry)

    async def _enter_again(self, entry: Document) -> None:
        """Add to the history of a record that has an entry, unless this dead letter is part of it already."""
        place, at = entry["original"], entry["parked_at"]
        where = {f"original.{name}": place[name] for name in ("topic", "partition", "offset")}
        # Replayed, and failed after that: the topics are being read again, and its effect is missing again.
        is_new = {"$and": [{"$eq": ["$state", "replayed"]}, {"$lt": ["$replayed_at", at]}]}
        change = {
            "last_offset": entry["last_offset"],
            "state": {"$cond": [is_new, "open", "$state"]},
            "parked_at": {"$cond": [is_new, at, "$parked_at"]},
            "history": {"$concatArrays": ["$history", {"$literal": entry["history"]}]},
        }
        await self._collection.update({**where, "last_offset": {"$lt": entry["last_offset"]}}, [{"$set": change}])
