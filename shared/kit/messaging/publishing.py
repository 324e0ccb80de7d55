"""Send records to Kafka, with a producer that can be replaced.

Note:
    One rejected record breaks aiokafka's idempotent producer for good: its sequence number is used, and every later
    send to that partition fails.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from shared.kit.messaging.sending import SendFailed, SendRefused
from shared.kit.settings import KafkaSettings
from shared.kit.telemetry.spans import end_acknowledged, end_unsent
from shared.kit.telemetry.tracing import Traces

_REFUSALS = (MessageSizeTooLargeError, InvalidTimestampError, CorruptRecordException, RecordListTooLargeError)


SILENCE_S = 5.0
"""Without an acknowledgement while records wait for one; an idempotent producer itself waits for ever."""


class Publisher:
    """A producer that is replaced after an error."""

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        max_request_size: int = 1024 * 1024,
        client_id: str = "crm",
        traces: Traces | None = None,
    ) -> None:
        self._settings = settings
        self._traces = traces or Traces()
        self._max_request_size = max_request_size
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._has_failed = False
        self._waiting = 0
        self._heard_at = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether the newest attempt to reach Kafka failed, or it acknowledges nothing of what waits for it."""
        is_silent = self._waiting > 0 and monotonic() - self._heard_at > SILENCE_S
        return self._has_failed or is_silent

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._settings.connection(),
                    client_id=self._client_id,
                    acks="all",
                    enable_idempotence=self._settings.enable_idempotence,
                    max_request_size=self._max_request_size,
                    max_batch_size=64 * 1024,
                    request_timeout_ms=self._settings.request_timeout_ms,
                    retry_backoff_ms=100,
                )
                try:
                    await producer.start()
                except BaseException:
                    await _stop(producer, 1.0)
                    raise
                self._producer = producer
            return self._producer

    async def send(
        self, topic: str, key: str | bytes | None, value: bytes | None, headers: Mapping[str, str] | Sequence[Any]
    ) -> "asyncio.Future[object]":
        """Start to send one record.

        Returns:
            A future that ends with Kafka's acknowledgement, `SendRefused` or `SendFailed`.

        Raises:
            SendRefused: the record is too large for the client already.
            SendFailed: Kafka cannot be reached.
        """
        if key is None and value is None:
            value = b""  # aiokafka sends no record that has neither
        pairs = [(n, v.encode()) for n, v in headers.items()] if isinstance(headers, Mapping) else list(headers)
        span = self._traces.publishing(topic, headers)
        self._begin_to_wait()
        try:
            producer = await self._started()
            future = await producer.send(topic, value, key.encode() if isinstance(key, str) else key, headers=pairs)
        except _REFUSALS as error:
            end_unsent(span, type(error).__name__)
            raise SendRefused(type(error).__name__) from error
        except (KafkaError, OSError) as error:
            end_unsent(span, type(error).__name__)
            self._has_failed = True
            raise SendFailed(type(error).__name__) from error
        finally:
            self._waiting -= 1
        self._begin_to_wait()
        acknowledged = asyncio.ensure_future(self._acknowledged(future))
        acknowledged.add_done_callback(self._end_to_wait)
        if span.is_recording():
            acknowledged.add_done_callback(partial(end_acknowledged, span))
        return acknowledged

    def _begin_to_wait(self) -> None:
        if not self._waiting:
            self._heard_at = monotonic()
        self._waiting += 1

    def _end_to_wait(self, _: object) -> None:
        self._waiting -= 1

    async def _acknowledged(self, future: Awaitable[object]) -> object:
        try:
            acknowledgement = await future
        except _REFUSALS as error:
            raise SendRefused(type(error).__name__) from error
        except KafkaError as error:
            self._has_failed = True
            raise SendFailed(type(error).__name__) from error
        self._has_failed, self._heard_at = False, monotonic()
        return acknowledgement

    async def publish(self, topic: str, key: Any, value: bytes | None, headers: Any) -> None:
        """Send one record and wait for its acknowledgement; after an error the next call makes a new producer."""
        try:
            await (await self.send(topic, key, value, headers))
        except (SendRefused, SendFailed):
            await self.renew()
            raise

    async def look_again(self) -> None:
        """Check whether Kafka can be reached again, where the newest attempt failed and no producer is left."""
        if self._has_failed and self._producer is None:
            with suppress(KafkaError, OSError):
                await self._started()
                self._has_failed = False

    async def renew(self) -> None:
        """Drop the producer with what it could not send; the next send makes another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer, 1.0)

    async def stop(self, deadline_s: float) -> None:
        """Send the rest within the deadline, and stop."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer, deadline_s)


async def _stop(producer: AIOKafkaProducer, deadline_s: float) -> None:
    # `stop` flushes first, and for ever if a sequence number was lost.
    stopping = asyncio.create_task(producer.stop())
    stopping.add_done_callback(lambda task: task.cancelled() or task.exception())
    done, _ = await asyncio.wait({stopping}, timeout=deadline_s)
    if not done:
        # Fails the futures of unacknowledged records; with nothing left to flush, `stop` comes to its end.
        producer._message_accumulator.fail_all(KafkaConnectionError("stopped"))  # noqa: SLF001 - there is no other way
        await producer.client.close()
