"""Events that the group of a service has passed: what a view that is new to an installation has to be filled from."""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from crm_contracts import topics
from crm_contracts.envelope import Envelope, Event

from deploy.local.kafka import Kafka
from deploy.topics import apply, read_topics
from shared.kit.settings import KafkaSettings
from tests.kit.topics import Topics


async def passed(kafka: Kafka, group: str, events: Sequence[Envelope[Event]]) -> None:
    """Publish events, and let the group of a service pass them without handling any."""
    settings = KafkaSettings.of(kafka.environment)
    wanted = [topic for topic in read_topics("local") if topic.name in topics.ALL]
    await apply(
        settings,
        replication_factor=kafka.replication_factor,
        verify_configs=kafka.verifies_topic_configs,
        topics=wanted,
    )
    log = Topics(kafka.bootstrap_servers)
    await log.start()
    for event in events:
        headers = [(name, value.encode()) for name, value in event.headers().items()]
        await log.put(f"crm.{event.source.rpartition('/')[2]}.events", event.subject.encode(), event.body(), headers)
    await log.stop()
    consumer = AIOKafkaConsumer(**settings.connection(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic.name, number) for topic in wanted for number in range(topic.partitions)]
        consumer.assign(places)
        await consumer.commit(await consumer.end_offsets(places))
    finally:
        await consumer.stop()
