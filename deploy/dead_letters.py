"""How many records each service has parked because it could not handle them.

The surprise: the end offset is the count, because dead-letter topics are never compacted and never expire.
"""

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.topics import read_topics


async def parked(bootstrap_servers: str) -> dict[str, int]:
    """Number of records by dead-letter topic, the empty ones left out."""
    names = [topic.name for topic in read_topics() if topic.name.endswith(".dlt")]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(name, 0) for name in names])
    finally:
        await consumer.stop()
    return {place.topic: count for place, count in sorted(ends.items()) if count}
