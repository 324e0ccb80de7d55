"""Read records by their offsets, outside of any consumer group and without commits."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from shared.kit.domain import Unavailable
from shared.kit.messaging.records import Record
from shared.kit.settings import KafkaSettings

AT_ONCE = 500
_READ_S = 10.0
_BEYOND_S = 1.0
"""For a record beyond the end, which some brokers report too low."""


class KafkaUnavailable(Unavailable):
    """The log cannot be read now."""

    code = "kafka_unavailable"


@dataclass(frozen=True)
class RecordPlace:
    """Coordinates of one record."""

    topic: str
    partition: int
    offset: int


class Tail:
    """Follows topics of one partition each, from given offsets on."""

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._consumer: AIOKafkaConsumer | None = None

    @property
    def is_following(self) -> bool:
        """Whether `follow` has set where to read."""
        return self._consumer is not None

    async def follow(self, offsets: Mapping[str, int | None]) -> None:
        """Read each topic from its offset on, or from its beginning where that is None.

        Raises:
            KafkaUnavailable: Kafka cannot be reached.
        """
        self._consumer = await _reader(self._settings, self._client_id, offsets)

    async def more(self) -> list[Record]:
        """Return the new records, in order by topic."""
        if self._consumer is None:
            return []
        found = await self._consumer.getmany(timeout_ms=0, max_records=AT_ONCE)
        return [record for records in found.values() for record in records]

    async def stop(self) -> None:
        """Stop, and forget the offsets."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop_reader(consumer)


async def record_at(settings: KafkaSettings, place: RecordPlace) -> Record | None:
    """Read the record at a place; None where the log no longer has it.

    Raises:
        KafkaUnavailable: Kafka cannot be reached.
    """
    consumer = await _reader(settings, "crm.reader", {place.topic: place.offset}, place.partition)
    is_beyond = False
    try:
        async with asyncio.timeout(_READ_S):
            (end,) = (await consumer.end_offsets([TopicPartition(place.topic, place.partition)])).values()
        is_beyond = place.offset >= end
        async with asyncio.timeout(_BEYOND_S if is_beyond else _READ_S):
            record: Record = await consumer.getone()
    except OffsetOutOfRangeError:
        return None
    except (KafkaError, TimeoutError) as error:
        if is_beyond:
            return None
        raise KafkaUnavailable(f"{place.topic} cannot be read: {type(error).__name__}") from error
    finally:
        await stop_reader(consumer)
    return record if record.offset == place.offset else None


async def _reader(
    settings: KafkaSettings, client_id: str, offsets: Mapping[str, int | None], partition: int = 0
) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        **settings.connection(),
        client_id=client_id,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",  # any other offset is another record
        fetch_max_wait_ms=settings.fetch_max_wait_ms,
        request_timeout_ms=settings.request_timeout_ms,
    )
    try:
        await consumer.start()
        consumer.assign([TopicPartition(topic, partition) for topic in offsets])
        for topic, offset in offsets.items():
            place = TopicPartition(topic, partition)
            if offset is None:
                await consumer.seek_to_beginning(place)
            else:
                consumer.seek(place, offset)
    except BaseException as error:
        await stop_reader(consumer)
        if isinstance(error, (KafkaError, OSError)):
            raise KafkaUnavailable(f"Kafka cannot be reached: {type(error).__name__}") from error
        raise
    return consumer


async def stop_reader(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, whatever its state; also where it never started."""
    # Where a fetch has just failed, aiokafka's `stop` ends with the CancelledError of a task that it cancelled itself,
    # before it has closed its connections. This task is not the cancelled one.
    await asyncio.wait({asyncio.create_task(consumer.stop())})
    await consumer._client.close()  # noqa: SLF001 - there is no other way
