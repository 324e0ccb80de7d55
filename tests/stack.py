"""The one Kafka and the one MongoDB of a test run, started when first asked for."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pymongo import MongoClient

from deploy.local import state
from deploy.local.kafka import Kafka, choose_kafka, start_kafka
from deploy.local.mongo import Mongo, start_mongo
from deploy.local.stack import LocalStack

left_out = pytest.StashKey[int]()
DropLater: TypeAlias = Callable[[str], object]


@pytest.fixture(scope="session")
def test_directory() -> Iterator[Path]:
    """A directory that no other run uses; what a killed run left in it is ended first."""
    directory, held = state.lock_first_free(state.local_directory(), "test")
    with held:
        _clean(directory)
        yield directory
        _clean(directory)


def _clean(directory: Path) -> None:
    for used in (directory / "stack", directory):
        state.clean(used)


@pytest.fixture(scope="session")
def kafka(test_directory: Path) -> Iterator[Kafka]:
    kafka = start_kafka(test_directory)
    yield kafka
    kafka.stop()


@pytest.fixture(scope="session")
def mongo(test_directory: Path) -> Iterator[Mongo]:
    mongo = start_mongo(test_directory)
    yield mongo
    mongo.stop()


@pytest.fixture(scope="session")
def drop_later(mongo: Mongo) -> Iterator[DropLater]:
    """Drops databases behind the tests' backs: MongoDB takes half a second for each, and nobody need wait for that."""
    with MongoClient[dict[str, Any]](mongo.url) as client, ThreadPoolExecutor(max_workers=1) as background:
        yield lambda name: background.submit(client.drop_database, name)


@pytest.fixture(scope="session")
def local_stack(test_directory: Path, kafka: Kafka, mongo: Mongo) -> Iterator[LocalStack]:
    """Kafka with all topics, MongoDB and keys; no service runs yet (`add_service`)."""
    with LocalStack(test_directory / "stack", services=(), kafka=kafka, mongo=mongo) as stack:
        yield stack


def leave_out_what_needs_real_kafka(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On Tansu, whose promises are not Kafka's."""
    config.stash[left_out] = 0
    marked = [item for item in items if item.get_closest_marker("real_kafka")]
    if marked and choose_kafka() == "tansu":
        config.stash[left_out] = len(marked)
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if item not in marked]
