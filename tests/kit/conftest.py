"""A fresh database for each test, and settings for the session's Kafka."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from shared.kit.settings import KafkaSettings
from shared.kit.storage.connection import Database, connect
from tests.kit.topics import Topics
from tests.stack import DropLater


@pytest.fixture
async def database(mongo: Mongo, drop_later: DropLater) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"kit_{uuid4().hex[:12]}")
    yield database
    drop_later(database.name)
    database.close()


@pytest.fixture
def kafka_settings(kafka: Kafka) -> KafkaSettings:
    """The provider's settings, with little patience."""
    quick = {"batch_timeout_ms": 5, "request_timeout_ms": 1_000, "metadata_max_age_ms": 500}
    impatient = {**quick, "redelivery_pause_s": 0.02, "redelivery_pause_max_s": 0.2}
    return KafkaSettings.of(kafka.environment).model_copy(update=impatient)


@pytest.fixture
async def topics(kafka: Kafka) -> AsyncIterator[Topics]:
    topics = Topics(kafka.bootstrap_servers)
    await topics.start()
    yield topics
    await topics.stop()
