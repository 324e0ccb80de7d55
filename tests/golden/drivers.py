"""Stand in for the drivers of MongoDB and Kafka, and note what a service asks of them.

A service is started on these, so what is noted is what would reach the disk and the broker, however it comes about.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn
from unittest.mock import patch

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from faststream.kafka import KafkaBroker
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import IndexModel


class Asked:
    """What one service asked for so far."""

    def __init__(self) -> None:
        self.databases: dict[str, dict[str, dict[str, Any]]] = {}
        """By name of database, collection and index."""
        self.groups: dict[str, list[str]] = {}
        """The topics that each consumer group hears."""


@contextmanager
def stand_ins() -> Iterator[Asked]:
    """Within, MongoDB is there and empty, and Kafka is away."""
    asked = Asked()
    subscriber = KafkaBroker.subscriber

    def get_database(_: object, name: str, **__: object) -> _Database:
        return _Database(asked.databases.setdefault(name, {}))

    def hear(broker: KafkaBroker, *topics: str, **options: Any) -> Any:
        asked.groups.setdefault(options["group_id"], []).extend(topics)
        return subscriber(broker, *topics, **options)

    with ExitStack() as stack:
        for driver, name, stand_in in (
            (AsyncIOMotorClient, "get_database", get_database),
            (AsyncIOMotorClient, "admin", _Database({})),
            (KafkaBroker, "subscriber", hear),
            (KafkaBroker, "start", _away),
            (AIOKafkaProducer, "start", _away),
        ):
            stack.enter_context(patch.object(driver, name, stand_in, create=name == "admin"))
        yield asked


async def _away(_: object) -> NoReturn:
    raise KafkaConnectionError("away")


class _Database:
    def __init__(self, collections: dict[str, dict[str, Any]]) -> None:
        self._collections = collections

    def get_collection(self, name: str) -> "_Collection":
        return _Collection(name, self._collections.setdefault(name, {}))

    async def command(self, _: str) -> dict[str, Any]:
        return {"setName": "rs0", "localTime": datetime.now(UTC)}


class _Collection:
    """Takes every write and finds nothing."""

    def __init__(self, name: str, indexes: dict[str, Any]) -> None:
        self.name = name
        self._indexes = indexes

    async def create_index(self, keys: Sequence[tuple[str, int]], **options: Any) -> None:
        name = IndexModel(keys, **options).document["name"]
        order = ", ".join(f"{field} {direction}" for field, direction in keys)
        self._indexes[name] = {**options, "name": name, "keys": order}

    async def drop_index(self, name: str) -> None:
        self._indexes.pop(name, None)

    async def index_information(self) -> dict[str, Any]:
        return self._indexes

    async def insert_many(self, documents: Sequence[Any], **_: object) -> Any:
        return _Inserted(documents)

    async def bulk_write(self, *_: object, **__: object) -> None: ...

    async def update_many(self, *_: object, **__: object) -> "_Updated":
        return _Updated()

    async def find_one(self, *_: object, **__: object) -> None: ...

    async def find_one_and_update(self, *_: object, **__: object) -> None: ...

    async def count_documents(self, *_: object, **__: object) -> int:
        return 0

    def find(self, *_: object, **__: object) -> "_Nothing":
        return _Nothing()

    def aggregate(self, *_: object, **__: object) -> "_Nothing":
        return _Nothing()


class _Updated:
    matched_count = 0


class _Inserted:
    def __init__(self, documents: Sequence[Any]) -> None:
        self.inserted_ids = [each["_id"] for each in documents]


class _Nothing:
    def sort(self, *_: object) -> "_Nothing":
        return self

    def limit(self, _: int) -> "_Nothing":
        return self

    async def to_list(self, **_: object) -> list[Any]:
        return []
