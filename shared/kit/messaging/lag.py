"""Measure the lag of a replica: the records of each topic that it has still to handle.

The consumer's own figures do not do: its position is ahead of the reactions by the batch in hand and by what is
postponed, and its last known end of a partition is old exactly when it hangs. So these are counted in, and the broker
is asked for the ends. What is postponed waits for another process, so for it alone no consumer is behind or stalled.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.kit.cancelled import raise_if_cancelled
from shared.kit.messaging.records import Record
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import CONSUMER_LAG

EVERY_S = 2.0
PATIENCE_S = 3.0
POSITION_S = 1.0
"""A consumer knows its position at once; one that does not know it reads nothing."""


class Reader(Protocol):
    """A consumer whose lag can be measured."""

    def assignment(self) -> frozenset[TopicPartition]:
        """Return its partitions."""
        ...

    def highwater(self, partition: TopicPartition) -> int | None:
        """Return the last known end of a partition."""
        ...

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Ask the broker for the ends of partitions."""
        ...

    def position(self, partition: TopicPartition) -> Coroutine[Any, Any, int]:
        """Return the offset of the next record to be fetched."""
        ...


class Lag:
    """Measures one consumer repeatedly, into `crm_consumer_lag_records`."""

    def __init__(
        self,
        topics: Sequence[str],
        consumer: Callable[[], Reader | None],
        postponed: Callable[[], Mapping[str, int]] = dict,
        *,
        max_batch: int,
        kafka_answers: Callable[[], bool] = lambda: False,
    ) -> None:
        """Add the number of records that are `postponed`, by topic.

        Args:
            topics: shown from the start.
            consumer: the present one; None until it is started.
            postponed: how many records of each topic are kept apart.
            max_batch: records of a batch that leaves others unread.
            kafka_answers: whether Kafka answers others, so that a consumer that cannot ask it has no reason for that.
        """
        self._topics = topics
        self._consumer = consumer
        self._postponed = postponed
        self._max_batch = max_batch
        self._kafka_answers = kafka_answers
        self._in_hand: dict[TopicPartition, int] = {}
        self._reached: dict[TopicPartition, int] = {}
        self._has_handled = self._was_full = False
        self._idle_since: dict[TopicPartition, float] = {}
        self._unmeasured_since: float | None = None
        self._behind_since: float | None = None
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def handling(self, records: Sequence[Record]) -> Iterator[None]:
        """Count these records as not yet handled within the block, although the consumer's position is beyond them."""
        self._was_full |= len(records) >= self._max_batch
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._in_hand[place] = min(self._in_hand.get(place, record.offset), record.offset)
        try:
            yield
        finally:
            self._in_hand.clear()
            self._has_handled = True

    @property
    def standstill_s(self) -> float:
        """Seconds for which a partition was not read although it has records, or Kafka could not be asked for it."""
        since = [*self._idle_since.values(), *([] if self._unmeasured_since is None else [self._unmeasured_since])]
        return monotonic() - min(since) if since else 0.0

    @property
    def stalled_s(self) -> float:
        """Seconds for which nothing was handled although there is something to handle; the batch in hand counts."""
        return 0.0 if self._behind_since is None else monotonic() - self._behind_since

    def handled(self) -> None:
        """Note that a batch was handled to its end."""
        self._behind_since = None

    def start(self) -> None:
        """Start to measure, in the background."""
        self._idle_since, self._unmeasured_since = {}, None
        self._task = asyncio.create_task(self._repeat())

    async def stop(self) -> None:
        """Stop to measure and remove the metric."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._show(Counter())

    async def _repeat(self) -> None:
        while True:
            # A failed measurement leaves the metric at its last value.
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self.measure()
            except (KafkaError, OSError, TimeoutError):
                self._idle_since = {}  # there may be nothing to read from
                self._unmeasured_since = (self._unmeasured_since or monotonic()) if self._kafka_answers() else None
            except Exception:  # noqa: BLE001 - the next measurement may succeed, and without any no standstill is seen
                log.exception("lag not measured")
            else:
                self._unmeasured_since = None
            raise_if_cancelled()
            await asyncio.sleep(EVERY_S)

    async def measure(self) -> None:
        """Measure once and set the metric."""
        consumer = self._consumer()
        if consumer is None or not (places := sorted(consumer.assignment())):
            self._show(Counter())
            self._behind_since, self._idle_since = None, {}
            return
        ends = await consumer.end_offsets(places)
        positions = {**await _positions(consumer, places), **self._in_hand}
        if consumer.assignment() != frozenset(places):  # the group has divided its partitions anew meanwhile
            return
        # Some brokers report too low an end; records fetched beyond it exist.
        known = {place: max(end, consumer.highwater(place) or 0) for place, end in ends.items()}
        behind = {place: max(0, end - positions.get(place, end)) for place, end in known.items()}
        unread = {place for place in places if behind.get(place) or place not in positions}
        self._behind_since = (self._behind_since or monotonic()) if unread else None
        self._note_idle({place for place in unread if positions.get(place) == self._reached.get(place)})
        self._reached = positions
        by_topic: Counter[str] = Counter()
        for place, number in behind.items():
            by_topic[place.topic] += number
        self._show(by_topic)

    def _note_idle(self, unmoved: AbstractSet[TopicPartition]) -> None:
        """Note since when these partitions have not been read.

        None of them counts while one batch takes long, or while batches are full: the others wait for their turn then.
        """
        is_waiting = self._was_full or (bool(self._in_hand) and not self._has_handled)
        self._was_full = self._has_handled = False
        idle = frozenset() if is_waiting else unmoved - self._in_hand.keys()
        self._idle_since = {place: self._idle_since.get(place, monotonic()) for place in idle}

    def _show(self, behind: Counter[str]) -> None:
        postponed = self._postponed()
        for topic in self._topics:
            if topic in behind:
                CONSUMER_LAG.labels(topic).set(behind[topic] + postponed.get(topic, 0))
            else:
                CONSUMER_LAG.remove(topic)


async def _positions(consumer: Reader, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the consumer's position in the partitions where it knows one."""
    asked = {place: asyncio.create_task(consumer.position(place)) for place in places}
    try:
        done, _ = await asyncio.wait(asked.values(), timeout=POSITION_S)
    finally:
        for each in asked.values():
            each.cancel()
    return {place: each.result() for place, each in asked.items() if each in done and not each.exception()}
