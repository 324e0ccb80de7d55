"""Where the databases and topics of a system are: all that a verification needs, whether its services run or not."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final, Self

from deploy.local.stack import LocalStack
from deploy.verify.findings import NothingToVerify
from deploy.verify.kinds import KINDS
from deploy.verify.log import Log, open_log
from shared.kit.settings import KafkaSettings, MongoSettings, ServiceSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.errors import is_transient

_SERVICES: Final = sorted({kind.service for kind in KINDS})
_NOWHERE: Final = (
    "no stack runs here: `crm up` starts one, or MONGODB_URL and KAFKA_BOOTSTRAP_SERVERS name the servers of another"
)


@dataclass(frozen=True)
class Where:
    """How to reach them; `prefix` begins the name of every database."""

    mongo: MongoSettings
    kafka: KafkaSettings
    prefix: str = ServiceSettings.model_fields["database_prefix"].default

    @classmethod
    def to(cls, mongo_url: str, kafka_environment: dict[str, str]) -> Self:
        """Servers as the local stack describes them."""
        return cls(MongoSettings.model_validate({"url": mongo_url}), KafkaSettings.of(kafka_environment))

    @classmethod
    def find(cls) -> Self:
        """What the environment names, or else the detached stack of this machine.

        Raises:
            NothingToVerify: there is neither.
        """
        if "MONGODB_URL" in os.environ and "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
            prefix = os.environ.get("CRM_DATABASE_PREFIX", cls.prefix)
            return cls(MongoSettings(), KafkaSettings(), prefix)
        stack = LocalStack.load()
        if stack is None:
            raise NothingToVerify(_NOWHERE)
        return cls.to(stack.mongo_url, stack.kafka_environment)


@dataclass(frozen=True)
class Opened:
    """The log, and each service's database."""

    log: Log
    databases: dict[str, Database]

    def collection(self, service: str, name: str) -> Collection:
        """A collection of a service."""
        return self.databases[service].collection(name)


@asynccontextmanager
async def open_system(where: Where) -> AsyncIterator[Opened]:
    """Connections to everything.

    Raises:
        LogAway: Kafka does not answer.
        NothingToVerify: MongoDB does not.
    """
    url, options = where.mongo.url.get_secret_value(), where.mongo.options()
    databases = {name: connect(url, f"{where.prefix}{name}", **options) for name in _SERVICES}
    try:
        with _told():
            for database in databases.values():
                await database.check()
            async with open_log(where.kafka) as log:
                yield Opened(log, databases)
    finally:
        for database in databases.values():
            database.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_transient(error):
            raise NothingToVerify(f"MongoDB does not answer: {type(error).__name__}") from error
        raise
