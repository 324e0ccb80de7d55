"""What the stack and the tests may do with a Kafka, whichever rung it is.

The surprise: settings that depend on the broker live here, with the rung, and reach the services as environment
variables: the services know one Kafka.
"""

import asyncio
import socket
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.kit.settings import KafkaSettings


@dataclass(frozen=True)
class ClientSettings:
    """How a client should behave against this broker; times in milliseconds."""

    fetch_max_wait_ms: int = 500
    session_timeout_ms: int = 30_000
    heartbeat_interval_ms: int = 3_000
    rebalance_timeout_ms: int = 30_000
    enable_idempotence: bool = True

    def environment(self) -> dict[str, str]:
        """As the services read them (`KafkaSettings`)."""
        return {
            "KAFKA_FETCH_MAX_WAIT_MS": str(self.fetch_max_wait_ms),
            "KAFKA_SESSION_TIMEOUT_MS": str(self.session_timeout_ms),
            "KAFKA_HEARTBEAT_INTERVAL_MS": str(self.heartbeat_interval_ms),
            "KAFKA_REBALANCE_TIMEOUT_MS": str(self.rebalance_timeout_ms),
            "KAFKA_ENABLE_IDEMPOTENCE": "true" if self.enable_idempotence else "false",
        }


class Kafka(ABC):
    """One running Kafka."""

    rung: str
    verifies_topic_configs: ClassVar[bool] = True
    settings: ClassVar[ClientSettings] = ClientSettings()
    replication_factor: int = 1
    bootstrap_servers: str

    @property
    def environment(self) -> dict[str, str]:
        """What a service needs to use it."""
        return {"KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers, **self.settings.environment()}

    def answers(self) -> bool:
        """Whether it is registered and serves metadata."""
        return answers(KafkaSettings.of(self.environment))

    @abstractmethod
    def wait_ready(self) -> None:
        """Return when it serves clients."""

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL; what it had on disk stays."""

    @abstractmethod
    def shut_down(self) -> None:
        """SIGTERM: it ends in good order; what it had on disk stays."""

    @abstractmethod
    def restart(self) -> None:
        """Start it again on the same port with the same data, and wait until it serves clients."""

    @abstractmethod
    def pause(self) -> None:
        """Let it hang: it keeps its connections and answers nobody."""

    @abstractmethod
    def resume(self) -> None:
        """Let it go on."""

    @abstractmethod
    def stop(self) -> None:
        """End it for good."""


def answers(kafka: KafkaSettings) -> bool:
    """Whether a broker is registered and serves metadata."""
    host, _, port = kafka.bootstrap_servers.partition(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    # In a thread of its own, because the caller's may already run an event loop.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _serves_metadata(kafka)).result()


async def _serves_metadata(kafka: KafkaSettings) -> bool:
    admin = AIOKafkaAdminClient(**kafka.connection(), request_timeout_ms=2_000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
