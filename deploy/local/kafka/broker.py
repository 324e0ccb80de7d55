"""What is the same of every Kafka, whichever provider it comes from.

Settings that depend on the broker live here, with the provider, and reach the services as environment variables: the
services know one Kafka.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.server import Server
from shared.kit.settings import KafkaSettings


@dataclass(frozen=True)
class ClientSettings:
    """How a client should behave against this broker; times in milliseconds."""

    fetch_max_wait_ms: int = 500
    session_timeout_ms: int = 6_000
    heartbeat_interval_ms: int = 1_500
    rebalance_timeout_ms: int = 30_000
    enable_idempotence: bool = True

    def environment(self) -> dict[str, str]:
        """Return the variables that the services read (`KafkaSettings`)."""
        return {
            "KAFKA_FETCH_MAX_WAIT_MS": str(self.fetch_max_wait_ms),
            "KAFKA_SESSION_TIMEOUT_MS": str(self.session_timeout_ms),
            "KAFKA_HEARTBEAT_INTERVAL_MS": str(self.heartbeat_interval_ms),
            "KAFKA_REBALANCE_TIMEOUT_MS": str(self.rebalance_timeout_ms),
            "KAFKA_ENABLE_IDEMPOTENCE": "true" if self.enable_idempotence else "false",
        }


class Kafka(Server):
    """One running Kafka."""

    verifies_topic_configs: ClassVar[bool] = True
    settings: ClassVar[ClientSettings] = ClientSettings()
    replication_factor: int = 1
    bootstrap_servers: str

    @property
    def environment(self) -> dict[str, str]:
        return {"KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers, **self.settings.environment()}

    def answers(self) -> bool:
        """Return whether a broker is registered and serves metadata."""
        kafka = KafkaSettings.of(self.environment)
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
