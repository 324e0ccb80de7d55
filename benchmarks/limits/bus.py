"""What every bare limit with messages needs: topics, one producer, and stages that take all messages at once.

Each event waits for all acknowledgements, each document for the majority and the journal; offsets are committed after
the work, without waiting for that. All documents of one step go in one command.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from crm_contracts.topics import LEADS as LEADS_TOPIC
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import InsertOne, UpdateOne, WriteConcern

from benchmarks.limits import sizes
from benchmarks.program import Target

_READY_S = 0.05
LEADS, DEALS, CLIENTS = "bench.leads", "bench.deals", "bench.clients"

Received = Sequence[tuple[str, str]]
"""Id and event type of each message."""

Stage = Callable[[Received], Awaitable[None]]


async def partitions_of_a_topic(kafka: str) -> int:
    """Count the partitions that a topic of the services has on this stack: the limit gets as many."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([LEADS_TOPIC])
        return len(described["partitions"])
    finally:
        await admin.close()


def text(size: int) -> str:
    """Return a text of so many bytes."""
    return "x" * size


class Bus:
    """Stages by name, each with the topics that it consumes; an async context manager."""

    def __init__(self, target: Target, stages: Mapping[str, tuple[Stage, Sequence[str]]]) -> None:
        self._kafka = target.kafka
        self._stages = stages
        self._client: Any = AsyncIOMotorClient(target.mongo)
        safe = WriteConcern(w="majority", j=True)
        self._database = self._client.get_database(f"bench_{uuid4().hex[:8]}", write_concern=safe)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=target.kafka, acks="all", enable_idempotence=True, linger_ms=0, max_batch_size=1 << 18
        )
        self._consumers: list[AIOKafkaConsumer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._partitions = 0
        # A stage that fails ends the measurement, which would wait for ever.
        self._running = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._make_topics()
        await self._producer.start()
        await self._running.__aenter__()
        for name, (stage, topics) in self._stages.items():
            consumer = await self._consumer(f"bench-{self._database.name}-{name}", topics)
            self._consumers.append(consumer)
            self._tasks.append(self._running.create_task(self._run(consumer, stage)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        try:
            await self._running.__aexit__(kind, error, trace)
        finally:
            for consumer in self._consumers:
                await consumer.stop()
            await self._producer.stop()
            await self._client.drop_database(self._database.name)
            self._client.close()

    @property
    def database(self) -> str:
        """The name of the database, which is dropped in the end."""
        return str(self._database.name)

    async def insert(self, collection: str, documents: Sequence[dict[str, Any]]) -> None:
        """Insert all documents in one command."""
        await self._database[collection].bulk_write([InsertOne(each) for each in documents], ordered=False)

    async def update(self, collection: str, ids: Sequence[str], size: int) -> None:
        """Set so many bytes in each document, in one command.

        Note:
            They differ each time: MongoDB writes nothing where a value is set that is there already.
        """
        value = uuid4().hex.ljust(size, "x")
        changes = [UpdateOne({"_id": id_}, {"$set": {"change": value}}) for id_ in ids]
        await self._database[collection].bulk_write(changes, ordered=False)

    async def publish(self, topic: str, messages: Received) -> None:
        """Send all messages, then wait for all acknowledgements."""
        sent = [
            await self._producer.send(
                topic, text(sizes.EVENTS[kind]).encode(), id_.encode(), headers=[("type", kind.encode()), _HEADERS]
            )
            for id_, kind in messages
        ]
        await asyncio.gather(*sent)

    async def _run(self, consumer: AIOKafkaConsumer, stage: Stage) -> None:
        commits: set[asyncio.Task[None]] = set()
        while True:
            found = await consumer.getmany(timeout_ms=1000)
            records = [record for batch in found.values() for record in batch]
            if not records:
                continue
            await stage([(record.key.decode(), record.headers[0][1].decode()) for record in records])
            offsets = {place: batch[-1].offset + 1 for place, batch in found.items()}
            commit = asyncio.create_task(consumer.commit(offsets))
            commits.add(commit)
            commit.add_done_callback(commits.discard)

    async def _consumer(self, group: str, topics: Sequence[str]) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka, group_id=group, enable_auto_commit=False, auto_offset_reset="latest"
        )
        await consumer.start()
        # Assigned by hand: with one member there is nothing to agree on.
        places = [TopicPartition(topic, number) for topic in topics for number in range(self._partitions)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        return consumer

    async def _make_topics(self) -> None:
        self._partitions = await partitions_of_a_topic(self._kafka)
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        await admin.start()
        try:
            there = await admin.list_topics()
            missing = [NewTopic(name, self._partitions, 1) for name in (LEADS, DEALS, CLIENTS) if name not in there]
            if missing:
                await admin.create_topics(missing)
            names = [LEADS, DEALS, CLIENTS]
            while [1 for topic in await admin.describe_topics(names) if topic["error_code"]]:  # noqa: ASYNC110 - Kafka's
                await asyncio.sleep(_READY_S)
        finally:
            await admin.close()


_HEADERS = ("rest", text(sizes.HEADERS).encode())
