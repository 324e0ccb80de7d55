"""Read the dead-letter topics of a service into its database.

A record has one entry, however often it was dead-lettered. It is dead-lettered again with each redelivery of its batch,
which may be due to other records; that is added to its history, and reopens it only if it was replayed before.

A dead-letter topic may be made anew: then it is read from its beginning, and the entries of the old one remain.
"""

from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Final

from aiokafka.errors import OffsetOutOfRangeError

from shared.kit.dead_letters.record_mapping import entry_of, moment_of, newest_copy
from shared.kit.messaging.log_reader import Tail
from shared.kit.messaging.records import Record
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import DuplicateKey
from shared.kit.telemetry.logs import log

CHECK_S: Final = 600.0
"""After which it is checked again that a topic is still the one that was read."""


class _MadeAnew(Exception):
    """The topic, which the argument names, is not the one that was read before."""


class DeadLetterCollector:
    """Makes an entry for each dead-lettered record, also where several replicas do so at once."""

    def __init__(self, service: str, collection: Collection, *, topics: Mapping[str, str], tail: Tail) -> None:
        """Read `topics`: each dead-letter topic with the topic whose records it takes."""
        self._service = service
        self._collection = collection
        self._topics = topics
        self._tail = tail
        self._expected: dict[str, tuple[int, datetime]] = {}
        self._made_anew: set[str] = set()
        self._follow_until = 0.0

    async def catch_up(self) -> None:
        """Make entries for the records that came in since the last run."""
        if not self._topics:
            return
        try:
            if monotonic() > self._follow_until:
                await self._tail.stop()
            if not self._tail.is_following:
                await self._follow()
            while records := await self._tail.more():
                # In order: every record before an entry has an entry, so that a restart continues from there.
                for record in records:
                    self._check_topic(record)
                    await self._enter(record)
        except OffsetOutOfRangeError as error:
            await self._read_anew({place.topic for place in error.args[0]})
        except _MadeAnew as error:
            await self._read_anew({error.args[0]})
        except Exception as error:
            await self._tail.stop()  # the next run starts after the last entry
            log.warning("dead letters not registered yet", error=type(error).__name__)
            raise

    async def _follow(self) -> None:
        """Read each topic from its last known record on, or from its beginning where it has been made anew."""
        last = {topic: await self._last(topic) for topic in self._topics if topic not in self._made_anew}
        self._expected = {topic: place for topic, place in last.items() if place is not None}
        offsets = {topic: self._expected[topic][0] if topic in self._expected else None for topic in self._topics}
        await self._tail.follow(offsets)
        self._made_anew.clear()
        self._follow_until = monotonic() + CHECK_S

    async def _last(self, topic: str) -> tuple[int, datetime] | None:
        last = await self._collection.first({"parked_in": topic}, sort=[("last_at", -1), ("last_offset", -1)])
        return None if last is None else newest_copy(last)

    def _check_topic(self, record: Record) -> None:
        """Check that the first record that is read is the last known one.

        Raises:
            _MadeAnew: it is another.
        """
        expected = self._expected.pop(record.topic, None)
        if expected is not None and expected != (record.offset, moment_of(record)):
            raise _MadeAnew(record.topic)

    async def _read_anew(self, topics: set[str]) -> None:
        log.warning("dead-letter topics were made anew, reading them from the beginning", topics=sorted(topics))
        self._made_anew |= topics
        await self._tail.stop()

    async def _enter(self, record: Record) -> None:
        entry = entry_of(record, service=self._service, topic=self._topics[record.topic])
        try:
            if not await self._is_known(entry):
                await self._collection.insert(entry)
        except DuplicateKey:
            if entry["original"] is not None:
                await self._enter_again(entry)

    async def _is_known(self, entry: Document) -> bool:
        """Return whether an entry of older code, whose id is without the time, is about this very record."""
        known = await self._collection.get(f"{entry['parked_in']}@{entry['offset']}")
        return known is not None and known["history"][0]["at"] == entry["parked_at"]

    async def _enter_again(self, entry: Document) -> None:
        """Add to the history of a record that has an entry, unless this dead letter is part of it already."""
        place, at = entry["original"], entry["parked_at"]
        where = {f"original.{name}": place[name] for name in ("topic", "partition", "offset", "at")}
        # Replayed, and failed after that: the topics are being read again, and its effect is missing again.
        is_new = {"$and": [{"$eq": ["$state", "replayed"]}, {"$lt": ["$replayed_at", at]}]}
        change = {
            "last_offset": entry["last_offset"],
            "last_at": at,
            "state": {"$cond": [is_new, "open", "$state"]},
            "parked_at": {"$cond": [is_new, at, "$parked_at"]},
            "history": {"$concatArrays": ["$history", {"$literal": entry["history"]}]},
        }
        is_later = {"history": {"$not": {"$elemMatch": {"action": "parked", "at": {"$gte": at}}}}}
        await self._collection.update({**where, **is_later}, [{"$set": change}])
