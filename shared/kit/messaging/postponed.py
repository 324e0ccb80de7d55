"""Keep records whose reaction waits for another event, with all later records of their keys, and try them again.

A batch with such a record is finished without it, so a key that waits holds up no other key. The offsets of what is
kept are not committed: another process that takes over the partition gets these records from Kafka. They are tried here
as well until then, because a partition may come back before its batch is done, and nothing kept may be committed.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from aiokafka import TopicPartition

from shared.kit.messaging.record_handling import Postpone, Redeliver
from shared.kit.messaging.records import Record
from shared.kit.settings import KafkaSettings
from shared.kit.telemetry.logs import log

MAX_RECORDS: Final = 1_000
"""With more than these nothing is read until some are done."""
MAX_BYTES: Final = 64 * 1024 * 1024
"""The same for their values; a fetch has far less of one partition."""

Key: TypeAlias = tuple[str, int, bytes | None]


def key_of(record: Record) -> Key:
    """Return what decides which records are handled in order."""
    return record.topic, record.partition, record.key


class HandleRecord(Protocol):
    """Handles one record: see `RecordHandler.handle`."""

    async def __call__(self, record: Record, *, is_last_try: bool = False) -> None:
        """Handle it, or raise Postpone or Redeliver."""
        ...


@dataclass
class _Lane:
    """The records of one key, and how often the first of them was tried."""

    records: deque[Record] = field(default_factory=deque)
    tries: int = 0

    def lacks(self, record: Record) -> bool:
        """Whether a record comes after these, and was not delivered again; offsets restart in a topic made anew."""
        newest: int = max(kept.timestamp for kept in self.records)
        return bool(record.offset > self.records[-1].offset or record.timestamp > newest)


class PostponedLanes:
    """Tries again what waits, each key by itself, with pauses that double."""

    def __init__(self, handle: HandleRecord, settings: KafkaSettings, *, stopping: asyncio.Event) -> None:
        """End the pauses when `stopping` is set."""
        self._handle = handle
        self._settings = settings
        self._lanes: dict[Key, _Lane] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._stopping = stopping
        self._room = asyncio.Semaphore(settings.parallel_keys)

    def without_kept(self, records: Sequence[Record]) -> Sequence[Record] | None:
        """Keep the records of keys that wait behind those, and return the others; None where there is no room."""
        fresh, behind = [], []
        for record in records:
            lane = self._lanes.get(key_of(record))
            if lane is None:
                fresh.append(record)
            elif lane.lacks(record):
                behind.append(record)
        if behind and not self._has_room_for(behind):
            return None
        for record in behind:
            self._lanes[key_of(record)].records.append(record)
        return fresh

    def keep(self, lane: Sequence[Record]) -> bool:
        """Keep the records of one key, of which the first has to wait; False where there is no room for them."""
        if not self._has_room_for(lane):
            return False
        key = key_of(lane[0])
        self._lanes[key] = _Lane(deque(lane), tries=1)
        self._tasks[key] = asyncio.create_task(self._work_off(key))
        return True

    def _has_room_for(self, records: Sequence[Record]) -> bool:
        all_ = [*self._records(), *records]
        return len(all_) <= MAX_RECORDS and sum(len(record.value or b"") for record in all_) <= MAX_BYTES

    def _records(self) -> Iterator[Record]:
        return (record for lane in self._lanes.values() for record in lane.records)

    def count_by_topic(self) -> Mapping[str, int]:
        """Return how many records of each topic are kept."""
        return Counter(record.topic for record in self._records())

    def first_offsets(self) -> Mapping[TopicPartition, int]:
        """Return the lowest offset that is kept of each partition."""
        first: dict[TopicPartition, int] = {}
        for record in self._records():
            place = TopicPartition(record.topic, record.partition)
            first[place] = min(first.get(place, record.offset), record.offset)
        return first

    async def finish(self) -> None:
        """Finish the reactions that run after `stopping` was set; what waits is still kept, lest it be committed."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def drop(self) -> None:
        """Drop what is kept, after leaving the group: it is delivered again."""
        await self.finish()
        self._lanes.clear()
        self._tasks.clear()

    async def _work_off(self, key: Key) -> None:
        lane, failures = self._lanes[key], 0
        while lane.records:
            if lane.tries or failures:
                await self._pause(lane.tries + failures)
            if self._stopping.is_set():
                return
            is_last_try = lane.tries + 1 >= self._settings.redeliveries_while_waiting
            try:
                async with self._room:
                    await self._handle(lane.records[0], is_last_try=is_last_try)
            except Postpone:
                lane.tries += 1
            except Redeliver:
                failures += 1
            except Exception:  # noqa: BLE001 - tried again, as the record of a batch would be
                log.exception("record neither handled nor parked", topic=key[0], offset=lane.records[0].offset)
                failures += 1
            else:
                lane.records.popleft()
                lane.tries = failures = 0
        del self._lanes[key], self._tasks[key]

    async def _pause(self, times: int) -> None:
        longest_s = self._settings.redelivery_pause_max_s
        pause_s = min(longest_s, self._settings.redelivery_pause_s * 2 ** min(times - 1, 10))
        try:
            await asyncio.wait_for(self._stopping.wait(), pause_s)
        except TimeoutError:
            return
