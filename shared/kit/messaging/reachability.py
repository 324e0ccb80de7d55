"""Find out whether Kafka answers, by asking it again and again with a deadline.

A producer does not tell: an idempotent one keeps its records until Kafka is back, and a service may publish nothing for
hours. Nor does a consumer, which waits for records either way.
"""

import asyncio
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.kit.settings import KafkaSettings

ASK_EVERY_S: Final = 1.0
ANSWER_S: Final = 3.0
"""A broker that is well answers within milliseconds."""


class BrokerProbe:
    """Asks for the brokers of the cluster, over a connection of its own."""

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._admin: AIOKafkaAdminClient | None = None
        self.is_answering = False
        """Whether Kafka answered the newest question in time."""

    async def ask_kafka(self) -> None:
        """Ask once; after a failure the next question goes over a new connection, to any of the servers."""
        try:
            async with asyncio.timeout(ANSWER_S):
                self._admin = self._admin or await self._connect()
                self.is_answering = bool((await self._admin.describe_cluster())["brokers"])
        except (KafkaError, OSError, TimeoutError):
            self.is_answering = False
            await self.stop()

    async def _connect(self) -> AIOKafkaAdminClient:
        admin = AIOKafkaAdminClient(
            **self._settings.connection(), client_id=self._client_id, request_timeout_ms=int(ANSWER_S * 1000)
        )
        try:
            await admin.start()
        except BaseException:
            await admin.close()
            raise
        return admin

    async def stop(self) -> None:
        """Close the connection."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()
