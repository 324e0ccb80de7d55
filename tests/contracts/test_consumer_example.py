"""The consumer that the documents show is a file, and it works."""

import asyncio
import json
import os
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from crm_contracts import registry, topics
from crm_contracts.conversions import LeadConverted
from generation.files import PACKAGE

from deploy.local.kafka import Kafka
from deploy.topics import apply, read_topics
from shared.kit.settings import KafkaSettings
from tests.deadlines import DEADLINE_S

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "consumer.py"


@pytest.mark.parametrize("readme", ["README.md", "shared/contracts/README.md"])
def test_the_readme_shows_the_consumer_as_it_is(readme: str) -> None:
    shown = f"```python\n{EXAMPLE.read_text().strip()}\n```"
    assert shown in (ROOT / readme).read_text(), f"copy docs/examples/consumer.py into {readme}"


def test_the_consumer_takes_ten_lines() -> None:
    code = EXAMPLE.read_text().split("async def main")[1].split("if __name__")[0].splitlines()
    assert len([line for line in code if line.strip()]) <= 11, "the promise is ten lines, and their signature"


async def came_to_the_end(kafka: Kafka) -> None:
    """The example's group has read what other tests left, malformed events among it."""
    (leads,) = (topic for topic in read_topics() if topic.name == topics.LEADS)
    partitions = [TopicPartition(leads.name, number) for number in range(leads.partitions)]
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id="reporting", enable_auto_commit=False
    ) as consumer:
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))


@pytest.mark.real_kafka
async def test_the_consumer_reads_what_the_leads_service_says(kafka: Kafka) -> None:
    await apply(KafkaSettings.of(kafka.environment), replication_factor=kafka.replication_factor)
    sample = json.loads(registry.sample_of(LeadConverted.ce_type))
    ours = str(uuid4())
    await came_to_the_end(kafka)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:
        for headers in (
            {**sample["headers"], "ce_type": "crm.lead.teleported.v1", "ce_id": str(uuid4())},
            {**sample["headers"], "ce_id": ours},
        ):
            pairs = [(name, value.encode()) for name, value in headers.items()]
            body, key = json.dumps(sample["data"]).encode(), sample["key"].encode()
            await producer.send_and_wait(topics.LEADS, body, key, headers=pairs)
    consumer = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **kafka.environment, "PYTHONPATH": str(PACKAGE.parent)},
    )
    try:
        assert consumer.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            while not (line := (await consumer.stdout.readline()).decode()).startswith(ours):
                assert line, "the consumer ended before it came to our event"
        assert " lead:" in line
        assert "became deal:" in line
    finally:
        if consumer.returncode is None:
            consumer.kill()
        await consumer.wait()
