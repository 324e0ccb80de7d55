"""Fresh topics, and what stands in them."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final, TypeAlias
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.deadlines import DEADLINE_S
from tests.kit.waiting import eventually

Record: TypeAlias = "ConsumerRecord[bytes, bytes]"
Headers: TypeAlias = Sequence[tuple[str, bytes | None]]


_NO_BROKER: Final = 38
"""A broker that was stopped has not registered again yet: nothing can hold the partition's replica."""


def _errors(answer: Any) -> list[int]:
    return [code for _, code, _ in answer.topic_errors]


class Topics:
    """What a test does at the broker, past the kit."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, max_request_size=8 * 1024 * 1024)

    async def start(self) -> None:
        await self._admin.start()
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()
        await self._admin.close()

    async def make(self, name: str | None = None, *, partitions: int = 1, **config: str) -> str:
        """A topic, there when this returns; `max_message_bytes="2000"` sets `max.message.bytes`."""
        name = name or f"kit.{uuid4().hex[:12]}"
        settings = {key.replace("_", "."): value for key, value in config.items()}
        deadline = monotonic() + DEADLINE_S
        new = NewTopic(name, partitions, 1, topic_configs=settings)
        answer = await self._admin.create_topics([new])
        while _errors(answer) == [_NO_BROKER]:
            assert monotonic() < deadline, answer
            await asyncio.sleep(0.1)
            answer = await self._admin.create_topics([new])
        assert _errors(answer) == [0], answer
        while True:
            (topic,) = await self._admin.describe_topics([name])
            if len(topic["partitions"]) == partitions and all(p["leader"] >= 0 for p in topic["partitions"]):
                return name
            assert monotonic() < deadline, topic
            await asyncio.sleep(0.02)

    async def make_anew(self, name: str) -> None:
        """Delete a topic of one partition and make it again, empty."""
        await self._admin.delete_topics([name])

        async def is_gone() -> bool:
            (topic,) = await self._admin.describe_topics([name])
            return bool(topic["error_code"])

        await eventually(is_gone, f"{name} is deleted")
        await self.make(name)

    async def alter(self, name: str, **config: str) -> None:
        """Set them, and return when the broker goes by them."""
        settings = {key.replace("_", "."): value for key, value in config.items()}
        await self._admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, settings)])
        asked = ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(settings))
        deadline = monotonic() + DEADLINE_S
        while True:
            (answer,) = await self._admin.describe_configs([asked])
            told = {entry[0]: entry[1] for *_, entries in answer.resources for entry in entries}
            if settings.items() <= told.items():
                return
            assert monotonic() < deadline, told
            await asyncio.sleep(0.02)

    async def put(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        if key is None and value is None:  # other clients send such records, aiokafka's `send` does not
            batch = self._producer.create_batch()
            batch.append(key=None, value=None, timestamp=None, headers=list(headers))
            await (await self._producer.send_batch(batch, topic, partition=0))
        else:
            await self._producer.send_and_wait(topic, value, key, headers=list(headers))

    async def read(self, topic: str, *, at_least: int) -> list[Record]:
        """All records, once there are so many."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._servers, auto_offset_reset="earliest", fetch_max_wait_ms=50)
        await consumer.start()
        try:
            places = await self._partitions(topic)
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            found: list[Record] = []
            deadline = monotonic() + DEADLINE_S
            while monotonic() < deadline:
                fetched = await consumer.getmany(timeout_ms=50)
                found += [record for records in fetched.values() for record in records]
                if len(found) >= at_least and not fetched:
                    return found
            raise AssertionError(f"{len(found)} records in {topic}, not {at_least}")
        finally:
            await consumer.stop()

    async def committed(self, group: str, topic: str) -> int:
        """How many records of the topic a group has behind it."""
        offsets = await self._admin.list_consumer_group_offsets(group, partitions=await self._partitions(topic))
        return sum(max(0, found.offset) for found in offsets.values())

    async def _partitions(self, topic: str) -> list[TopicPartition]:
        (described,) = await self._admin.describe_topics([topic])
        return [TopicPartition(topic, partition["partition"]) for partition in described["partitions"]]


def text(record: Record, header: str) -> str:
    """A header's value, which must be there once."""
    values: list[Any] = [value for name, value in record.headers if name == header]
    assert len(values) == 1, f"{header} is there {len(values)} times"
    return str(values[0].decode())
