"""What is put into the topics behind the services' backs: old events once more, and records that nobody can read."""

import random
from collections.abc import Sequence
from typing import Final, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from crm_contracts import topics
from crm_contracts.leads import LeadCreated

from deploy.topics import read_topics

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
_PARTITIONS: Final = max(topic.partitions for topic in read_topics("local"))
_TWO_MB: Final = 2 * 1024 * 1024
_ENVELOPE: Final = {
    "ce_specversion": b"1.0",
    "ce_id": b"poison",
    "ce_type": LeadCreated.ce_type.encode(),
    "ce_source": b"/crm/leads",
    "ce_subject": b"poison",
    "ce_time": b"2026-03-01T12:00:00+00:00",
    "ce_correlationid": b"poison",
    "ce_actor": b"user:mallory",
    "content-type": b"application/json",
}
POISON: Final[dict[str, tuple[bytes, Headers]]] = {
    "bad JSON": (b'{"lead": ', list(_ENVELOPE.items())),
    "unknown version": (b"{}", [*(_ENVELOPE | {"ce_type": b"crm.lead.created.v99"}).items()]),
    "null headers": (b"{}", [(name, None) for name in _ENVELOPE]),
    "2 MB value": (b'{"lead": "' + b"x" * _TWO_MB + b'"}', list(_ENVELOPE.items())),
}


async def deliver_again(servers: str, chance: random.Random, *, at_most: int) -> None:
    """Some records of every topic once more, in any order."""
    records = [record for name in topics.ALL for record in await _read(servers, name)]
    chosen = chance.sample(records, min(at_most, len(records)))
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=4 * _TWO_MB, compression_type="gzip")
    await producer.start()
    try:
        for record in chosen:
            await producer.send(record.topic, record.value, key=record.key, headers=list(record.headers))
    finally:
        await producer.stop()


async def deliver_poison(servers: str, chance: random.Random) -> None:
    """Each kind of poison into each partition of one topic, between whatever comes there."""
    topic = chance.choice((topics.LEADS, topics.DEALS, topics.CLIENTS))
    # Compressed, 2 MB of the same letter pass a limit of 1 MB at the broker, and are 2 MB again for who reads them.
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=4 * _TWO_MB, compression_type="gzip")
    await producer.start()
    try:
        for partition in range(_PARTITIONS):
            for value, headers in POISON.values():
                key = f"poison {chance.random()}".encode()
                await producer.send_and_wait(topic, value, key=key, partition=partition, headers=list(headers))
    finally:
        await producer.stop()


async def _read(servers: str, topic: str) -> "list[ConsumerRecord[bytes, bytes]]":
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, fetch_max_wait_ms=50)
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in range(_PARTITIONS)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        records: list[ConsumerRecord[bytes, bytes]] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records += batch
        return records
    finally:
        await consumer.stop()
