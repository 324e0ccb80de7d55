"""Interface between the relay and the producer: send one record, and say how that failed."""

import asyncio
from typing import Protocol


class SendRefused(Exception):
    """Kafka rejects this record, however often it is sent."""


class SendFailed(Exception):
    """Kafka did not take the record now."""


class Sender(Protocol):
    """Sends single records to Kafka."""

    async def send(self, topic: str, key: str, value: bytes, headers: dict[str, str]) -> "asyncio.Future[object]":
        """Start to send; the future ends with Kafka's acknowledgement, `SendRefused` or `SendFailed`."""
        ...

    async def renew(self) -> None:
        """Replace the producer after an error that no retry heals."""
        ...

    async def stop(self, deadline_s: float) -> None:
        """Stop the producer, dropping what is not sent within the deadline."""
        ...
