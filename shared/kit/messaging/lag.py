"""How far a replica is behind: the records of each topic that it has still to handle.

The surprise: the consumer cannot tell. Its position runs ahead of the reactions by the batch in hand, and what it last
heard of a partition's end is old exactly when it hangs; so the batch is counted in, and the broker is asked.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol, TypeAlias

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.kit.telemetry.metrics import CONSUMER_LAG

EVERY_S = 2.0
PATIENCE_S = 3.0
POSITION_S = 1.0
"""A consumer knows at once where it is; one that does not know reads nothing."""

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

    def position(self, partition: TopicPartition) -> Coroutine[Any, Any, int]:
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
        if consumer is None or not (places := sorted(consumer.assignment())):
            self._show(behind)
            return
        ends = await consumer.end_offsets(places)
        now_at = {**await _positions(consumer, places), **self._in_hand}
        for place, end in ends.items():
            # Some brokers tell too low an end; what was fetched beyond it is there.
            known = max(end, consumer.highwater(place) or 0)
            behind[place.topic] += max(0, known - now_at.get(place, known))
        is_lost = not now_at.keys() >= set(places)
        if not (behind.total() or is_lost) or self._in_hand or now_at != self._reached:
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


async def _positions(consumer: Reader, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Where it is, of the partitions of which it knows that."""
    asked = {place: asyncio.create_task(consumer.position(place)) for place in places}
    try:
        done, _ = await asyncio.wait(asked.values(), timeout=POSITION_S)
    finally:
        for each in asked.values():
            each.cancel()
    return {place: each.result() for place, each in asked.items() if each in done and not each.exception()}
