"""Read every topic from its beginning to its present end, outside of any group, and the lag of every service.

Repeated deliveries are normal: the first record of an event counts, later ones are only counted.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from crm_contracts import topics
from crm_contracts.envelope import Envelope, Event, MalformedEvent
from crm_contracts.registry import parse
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from deploy.topics import count_partitions, read_subscriptions
from deploy.verify.findings import LogAway
from shared.kit.settings import KafkaSettings

Record: TypeAlias = ConsumerRecord[bytes, bytes]
Ends: TypeAlias = Mapping[TopicPartition, int]

_MAX_BATCH: Final = 2_000


class FirstOccurrences:
    """Events by their first records; `counts` has the number of everything else."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.counts: Counter[str] = Counter()

    def of(self, records: Iterable[Record]) -> Iterator[Envelope[Event]]:
        """Return the events of these records that no earlier record held."""
        for record in records:
            try:
                event = parse(record.headers, record.value)
            except MalformedEvent:
                self.counts["records that are no events"] += 1
                continue
            if event is None:
                self.counts["events of unknown types"] += 1
            elif event.id in self._seen:
                self.counts["repeated deliveries"] += 1
            else:
                self._seen.add(event.id)
                self.counts["events"] += 1
                yield event


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, KafkaError) and bool(error.retriable)


class Log:
    """The topics of events."""

    def __init__(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._consumer = consumer
        self._admin = admin

    async def ends(self) -> dict[TopicPartition, int]:
        """Return the end of each partition."""
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(list(self._consumer.assignment()))
        return ends

    async def batches(self, ends: Ends) -> AsyncIterator[Sequence[Record]]:
        """Read all records, up to these ends at least, those of one partition in order."""
        await self._consumer.seek_to_beginning()
        left = set(ends)
        while left:
            for records in (await self._consumer.getmany(timeout_ms=200, max_records=_MAX_BATCH)).values():
                yield records
            # A broker may report ends that are too low (Tansu does), but never a high-water mark that is.
            marks = {place: max(ends[place], self._consumer.highwater(place) or 0) for place in left}
            left = {place for place, mark in marks.items() if await self._consumer.position(place) < mark}

    async def unread(self, ends: Ends) -> dict[str, int]:
        """Count the records before these ends that each service has not yet handled, for services with any."""
        behind: Counter[str] = Counter()
        for service, consumed in read_subscriptions().items():
            places = [place for place in ends if place.topic in consumed]
            committed = await self._committed(f"{service}.reactions", places)
            for place in places:
                known = committed.get(place)
                behind[service] += max(0, ends[place] - max(0, known.offset if known else 0))
        return dict(+behind)

    # At the first question ever, Kafka only begins to create the topic in which it keeps offsets.
    @retry(retry=retry_if_exception(_is_passing), stop=stop_after_delay(15), wait=wait_fixed(0.1), reraise=True)
    async def _committed(self, group: str, places: Sequence[TopicPartition]) -> Mapping[TopicPartition, Any]:
        committed: Mapping[TopicPartition, Any]
        committed = await self._admin.list_consumer_group_offsets(group, partitions=places)
        return committed


@asynccontextmanager
async def open_log(settings: KafkaSettings) -> AsyncIterator[Log]:
    """Open a reader of all topics of events.

    Raises:
        LogAway: Kafka does not answer.
    """
    consumer = AIOKafkaConsumer(
        **settings.connection(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # else seeking the beginning may lose against a look for the end under way
        fetch_max_wait_ms=20,  # a waiting fetch holds up the questions for offsets
    )
    admin = AIOKafkaAdminClient(**settings.connection())
    try:
        await consumer.start()
        await admin.start()
        there = await count_partitions(admin)
        consumer.assign([TopicPartition(name, number) for name in topics.ALL for number in range(there.get(name, 0))])
        yield Log(consumer, admin)
    except (KafkaError, OSError) as error:
        raise LogAway(f"Kafka does not answer: {type(error).__name__}") from error
    finally:
        await admin.close()
        await consumer.stop()
