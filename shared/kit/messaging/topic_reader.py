"""Read the topics of a subscription again from the beginning, beside it.

The reader is in no group and commits nothing: its caller fixes how far to read, and remembers where to continue. At
most 1 MiB of each partition is held in memory ahead of the caller.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from crm_contracts.envelope import Envelope, Event, MalformedEvent

from shared.kit.messaging.handling import Parse
from shared.kit.messaging.log_reader import stop_reader
from shared.kit.messaging.records import Record
from shared.kit.settings import KafkaSettings

Places = Mapping[tuple[str, int], int]
"""An offset for each partition, as (topic, partition)."""

MAX_BATCH: Final = 1000


@dataclass(frozen=True)
class Batch:
    """Some records in the order of their partitions.

    Attributes:
        events: the readable records.
        unreadable: number of records that a subscription dead-letters.
        unknown: number of records of an unknown type, which a subscription ignores.
        next: offset after this batch of each partition that has records in it.
    """

    events: Sequence[Envelope[Event]]
    unreadable: int
    unknown: int
    next: Places


class TopicReader:
    """Reads the topics of a subscription; an async context manager."""

    def __init__(self, topics: Collection[str], settings: KafkaSettings, *, group: str, parse: Parse) -> None:
        """Read these topics; `group` is that of the subscription."""
        self._topics = tuple(topics)
        self._group = group
        self._parse = parse
        connection = settings.connection()
        self._admin = AIOKafkaAdminClient(**connection, client_id=f"{group}.replay")
        self._consumer = AIOKafkaConsumer(
            **connection,
            client_id=f"{group}.replay",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,  # a waiting fetch delays requests for offsets
        )
        self._partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        try:
            await self._admin.start()
            await self._consumer.start()
            described = await self._admin.describe_topics(list(self._topics))
        except BaseException:
            await self._close()
            raise
        self._partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def beginnings(self) -> Places:
        """Return the first offsets that still exist."""
        return _places(await self._consumer.beginning_offsets(self._partitions))

    async def ends(self) -> Places:
        """Return the offsets that the next records will get."""
        return _places(await self._consumer.end_offsets(self._partitions))

    async def committed(self) -> Places:
        """Return the offsets up to which the subscription has handled everything."""
        offsets = await self._admin.list_consumer_group_offsets(self._group, partitions=self._partitions)
        return {(place.topic, place.partition): max(0, found.offset) for place, found in offsets.items()}

    async def read(self, start: Places, ends: Places) -> AsyncIterator[Batch]:
        """Read from `start` to before `ends`, in batches of at most `MAX_BATCH` records."""
        left = {TopicPartition(*place): end for place, end in ends.items() if start.get(place, 0) < end}
        self._consumer.assign(list(left))
        for place in left:
            self._consumer.seek(place, start.get((place.topic, place.partition), 0))
        while left:
            found = await self._consumer.getmany(*left, timeout_ms=1000, max_records=MAX_BATCH)
            reached = {place: min(await self._consumer.position(place), left[place]) for place in found}
            wanted = [record for place, records in found.items() for record in records if record.offset < left[place]]
            yield self._batch(wanted, reached)
            for place in [place for place, offset in reached.items() if offset == left[place]]:
                self._consumer.pause(place)
                del left[place]

    def _batch(self, records: Sequence[Record], reached: Mapping[TopicPartition, int]) -> Batch:
        events: list[Envelope[Event]] = []
        unreadable = unknown = 0
        for record in records:
            try:
                event = self._parse(record.headers, record.value)
            except MalformedEvent:
                unreadable += 1
                continue
            if event is None:
                unknown += 1
            else:
                events.append(event)
        return Batch(events, unreadable, unknown, _places(reached))

    async def _close(self) -> None:
        await stop_reader(self._consumer)
        await self._admin.close()


def _places(offsets: Mapping[TopicPartition, int]) -> Places:
    return {(place.topic, place.partition): offset for place, offset in offsets.items()}
