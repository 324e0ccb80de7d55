"""How far a replica is behind: the records of each topic that it has still to handle.

The surprise: the consumer cannot tell. Its position runs ahead of the reactions by the batch in hand, and what it last
heard of a partition's end is old exactly when it hangs; so the batch is counted in, and the broker is asked.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Protocol, TypeAlias

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.kit.observability import CONSUMER_LAG

EVERY_S = 2.0
PATIENCE_S = 3.0

Record: TypeAlias = ConsumerRecord[bytes, bytes]


class Reader(Protocol):
    """What is asked of a consumer."""

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that it reads."""
        ...

    def highwater(self, partition: TopicPartition) -> int | None:
        """The end of a partition, as last heard."""
        ...

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The ends of partitions, as the broker knows them."""
        ...

    async def position(self, partition: TopicPartition) -> int:
        """The offset of the next record to be taken."""
        ...


class Lag:
    """Measures one consumer, again and again, into `crm_consumer_lag_records`."""

    def __init__(self, topics: Sequence[str], consumer: Callable[[], Reader | None]) -> None:
        self._topics = topics
        self._consumer = consumer
        self._in_hand: dict[TopicPartition, int] = {}
        self._reached: dict[TopicPartition, int] = {}
        self._still_since: float | None = None
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def handling(self, records: Iterable[Record]) -> Iterator[None]:
        """Within, these records count as not yet handled, although the consumer is past them."""
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._in_hand[place] = min(self._in_hand.get(place, record.offset), record.offset)
        try:
            yield
        finally:
            self._in_hand.clear()

    @property
    def stands_still_s(self) -> float:
        """For how long there has been something to read while nothing was read and nothing is in hand."""
        return 0.0 if self._still_since is None or self._in_hand else monotonic() - self._still_since

    def start(self) -> None:
        """Begin to measure, in the background."""
        self._still_since = None
        self._task = asyncio.create_task(self._again_and_again())

    async def stop(self) -> None:
        """End it; the metric is absent from now on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._show(Counter())

    async def _again_and_again(self) -> None:
        while True:
            # What is not known now is measured the next time; the metric keeps its last value.
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self.measure()
            except (KafkaError, OSError, TimeoutError):
                self._still_since = None  # there may be nothing to read from
            await asyncio.sleep(EVERY_S)

    async def measure(self) -> None:
        """Ask and tell, once."""
        consumer = self._consumer()
        behind: Counter[str] = Counter()
        now_at: dict[TopicPartition, int] = {}
        if consumer is None or not (places := sorted(consumer.assignment())):
            self._show(behind)
            return
        for place, end in (await consumer.end_offsets(places)).items():
            reached = self._in_hand.get(place)
            if reached is None:
                reached = await consumer.position(place)
            now_at[place] = reached
            # Some brokers tell too low an end; what was fetched beyond it is there.
            behind[place.topic] += max(0, max(end, consumer.highwater(place) or 0) - reached)
        if not behind.total() or self._in_hand or now_at != self._reached:
            self._still_since = None
        elif self._still_since is None:
            self._still_since = monotonic()
        self._reached = now_at
        self._show(behind)

    def _show(self, behind: Counter[str]) -> None:
        for topic in self._topics:
            if topic in behind:
                CONSUMER_LAG.labels(topic).set(behind[topic])
            else:
                CONSUMER_LAG.remove(topic)
