"""Measure the lag of a replica: the records of each topic that it has still to handle.

The consumer's own figures do not do: its position is ahead of the reactions by the batch in hand and by what is
postponed, and its last known end of a partition is old exactly when it hangs. So these are counted in, and the broker
is asked for the ends. What is postponed waits for another process, so for it alone no consumer is behind or stalled.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

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
    ) -> None:
        """Add the number of records that are `postponed`, by topic."""
        self._topics = topics
        self._consumer = consumer
        self._postponed = postponed
        self._in_hand: dict[TopicPartition, int] = {}
        self._reached: dict[TopicPartition, int] = {}
        self._idle_since: float | None = None
        self._behind_since: float | None = None
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def handling(self, records: Iterable[Record]) -> Iterator[None]:
        """Count these records as not yet handled within the block, although the consumer's position is beyond them."""
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._in_hand[place] = min(self._in_hand.get(place, record.offset), record.offset)
        try:
            yield
        finally:
            self._in_hand.clear()

    @property
    def standstill_s(self) -> float:
        """Seconds for which nothing was read or handled although there is something to read."""
        return 0.0 if self._idle_since is None or self._in_hand else monotonic() - self._idle_since

    @property
    def stalled_s(self) -> float:
        """Seconds for which nothing was handled although there is something to handle; the batch in hand counts."""
        return 0.0 if self._behind_since is None else monotonic() - self._behind_since

    def handled(self) -> None:
        """Note that a batch was handled to its end."""
        self._behind_since = None

    def start(self) -> None:
        """Start to measure, in the background."""
        self._idle_since = None
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
                self._idle_since = None  # there may be nothing to read from
            except Exception:  # noqa: BLE001 - the next measurement may succeed, and without any no standstill is seen
                log.exception("lag not measured")
            await asyncio.sleep(EVERY_S)

    async def measure(self) -> None:
        """Measure once and set the metric."""
        consumer = self._consumer()
        behind: Counter[str] = Counter()
        if consumer is None or not (places := sorted(consumer.assignment())):
            self._show(behind)
            self._behind_since = None
            return
        ends = await consumer.end_offsets(places)
        positions = {**await _positions(consumer, places), **self._in_hand}
        for place, end in ends.items():
            # Some brokers report too low an end; records fetched beyond it exist.
            known = max(end, consumer.highwater(place) or 0)
            behind[place.topic] += max(0, known - positions.get(place, known))
        is_lost = not positions.keys() >= set(places)
        is_behind = bool(behind.total()) or is_lost
        self._behind_since = (self._behind_since or monotonic()) if is_behind else None
        if not is_behind or self._in_hand or positions != self._reached:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = monotonic()
        self._reached = positions
        self._show(behind)

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
