"""What catalog publishes of its dictionaries when it starts for the first time, read from the real Kafka.

The API of each service is tested with these records, so a test can send no code that a running CRM refuses.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from crm_contracts import topics

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from deploy.topics import apply, read_topics
from services.catalog.app import build
from services.catalog.dictionary.store import DICTIONARIES
from shared.kit.settings import KafkaSettings
from shared.kit.storage.connection import Database
from tests.builders.running import running
from tests.deadlines import DEADLINE_S
from tests.kit.topics import Record, Topics, text


async def published_dictionaries(kafka: Kafka, mongo: Mongo, directory: Path) -> Sequence[Record]:
    """Start catalog on an empty database, and read what it published of its seeds."""
    await apply(
        KafkaSettings.of(kafka.environment),
        replication_factor=kafka.replication_factor,
        verify_configs=kafka.verifies_topic_configs,
        topics=[topic for topic in read_topics("local") if topic.name == topics.CATALOG],
    )
    async with running("catalog", build, mongo, directory, kafka=kafka.environment) as catalog:
        sequences = await _once_published(catalog.database)
    reader = Topics(kafka.bootstrap_servers)
    await reader.start()
    try:
        return await _seeds(reader, sequences)
    finally:
        await reader.stop()


async def _once_published(database: Database) -> dict[str, int]:
    """The number of events of each dictionary, when Kafka has acknowledged all of them."""
    dictionaries = database.collection(DICTIONARIES)
    deadline = monotonic() + DEADLINE_S
    while await dictionaries.count({"outbox.0": {"$exists": True}}):
        assert monotonic() < deadline, "catalog has not published its dictionaries"
        await asyncio.sleep(0.02)
    return {document["_id"]: document["sequence"] for document in await dictionaries.find({})}


async def _seeds(reader: Topics, sequences: dict[str, int]) -> Sequence[Record]:
    """The first record of each seed: another catalog of this run has published the same ones."""
    wanted = {(code, number) for code, last in sequences.items() for number in range(1, last + 1)}
    deadline = monotonic() + DEADLINE_S
    while True:
        found: dict[tuple[str, int], Record] = {}
        for record in await reader.read(topics.CATALOG, at_least=len(wanted)):
            if text(record, "ce_correlationid").startswith("seed:"):
                found.setdefault((text(record, "ce_subject"), int(text(record, "ce_sequence"))), record)
        if wanted <= found.keys():
            return [found[key] for key in sorted(wanted)]
        assert monotonic() < deadline, wanted - found.keys()
