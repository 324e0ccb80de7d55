"""The databases and topics of the system to verify, whether its services run or not."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final, Self

from deploy.local import state
from deploy.verify.aggregates import STORED
from deploy.verify.findings import NothingToVerify
from deploy.verify.log import Log, open_log
from shared.kit.settings import KafkaSettings, MongoSettings, ServiceSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.errors import is_transient

_SERVICES: Final = sorted({each.service for each in STORED})
_NO_TARGET: Final = (
    "no stack runs here: `crm up` starts one, with the data that `crm down` kept, whose Kafka and MongoDB are read; "
    "MONGODB_URL and KAFKA_BOOTSTRAP_SERVERS name the servers of another"
)


@dataclass(frozen=True)
class Target:
    """Connection settings of a system; `prefix` begins the name of every database."""

    mongo: MongoSettings
    kafka: KafkaSettings
    prefix: str = ServiceSettings.model_fields["database_prefix"].default

    @classmethod
    def to(cls, mongo_url: str, kafka_environment: dict[str, str]) -> Self:
        """Return the target of servers as the local stack describes them."""
        return cls(MongoSettings.model_validate({"url": mongo_url}), KafkaSettings.of(kafka_environment))

    @classmethod
    def find(cls) -> Self:
        """Find the system that the environment names, or else the detached stack of this machine.

        Raises:
            NothingToVerify: there is neither.
        """
        if "MONGODB_URL" in os.environ and "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
            prefix = os.environ.get("CRM_DATABASE_PREFIX", cls.prefix)
            return cls(MongoSettings(), KafkaSettings(), prefix)
        stack = state.load()
        if stack is None:
            raise NothingToVerify(_NO_TARGET)
        return cls.to(stack.mongo_url, stack.kafka_environment)


@dataclass(frozen=True)
class Opened:
    """Connections to the log and to each service's database."""

    log: Log
    databases: dict[str, Database]

    def collection(self, service: str, name: str) -> Collection:
        """Return a collection of a service."""
        return self.databases[service].collection(name)


@asynccontextmanager
async def open_system(target: Target) -> AsyncIterator[Opened]:
    """Connect to all databases and to Kafka.

    Raises:
        LogAway: Kafka does not answer.
        NothingToVerify: MongoDB does not.
    """
    url, options = target.mongo.url.get_secret_value(), target.mongo.options()
    databases = {name: connect(url, f"{target.prefix}{name}", **options) for name in _SERVICES}
    try:
        with _reporting_away():
            for database in databases.values():
                await database.check()
            async with open_log(target.kafka) as log:
                yield Opened(log, databases)
    finally:
        for database in databases.values():
            database.close()


@contextmanager
def _reporting_away() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_transient(error):
            raise NothingToVerify(f"MongoDB does not answer: {type(error).__name__}") from error
        raise
