"""The one way to hear events.

A service has one batch subscriber over all topics it hears. Records of one key are handled in order, keys side by side;
a reaction is retried in place and, if it can never succeed, its record is parked in a dead-letter topic; offsets are
committed only when every record of the batch is done or parked. The surprises: FastStream's defaults lose messages (it
acknowledges first, starts at the latest offset, drops records with null headers), so everything is set here and
nowhere else; and records may come again or late, so reactions must bear both.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal, cast

from aiokafka import ConsumerRecord
from aiokafka.errors import IllegalStateError, KafkaError
from crm_contracts.envelope import Envelope, Event, MalformedEvent
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.kit.domain import Cause, Clock, NotYet
from shared.kit.messaging.failures import is_transient, message_of, reason_of
from shared.kit.messaging.lag import Lag
from shared.kit.messaging.offsets import Committing, Progress
from shared.kit.messaging.outbox import SendRefused
from shared.kit.messaging.publishing import Publisher
from shared.kit.settings import KafkaSettings
from shared.kit.storage.repository import Gone
from shared.kit.telemetry.logs import log, logged_with
from shared.kit.telemetry.metrics import HANDLED, PARKED, PASSED_OVER, REDELIVERED, RETRIED, STANDSTILLS
from shared.kit.telemetry.tracing import Traces, current_traceparent, ended, failed, retried

Reaction = Callable[[Envelope[Any], Cause], Awaitable[None]]
BatchHandler = Callable[[Sequence[Envelope[Any]]], Awaitable[None]]
"""Does for many events at once what their reactions would do one by one, in any order."""

Parse = Callable[[Sequence[tuple[str, bytes | None]], bytes | None], Envelope[Event] | None]

TRIES_IN_PLACE = 6
WATCH_S = 1.0
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
"""At most, before the second try and before a later one; at random, so that those who met part."""


class _Redeliver(Exception):
    """Something the reaction depends on stays away: the whole batch is to come again."""


@dataclass(frozen=True)
class HandlingResult:
    """How the attempts to react to one record ended.

    Attributes:
        outcome: `gone`: what it is about has been deleted, so nothing is left to do; `passed_over`: nothing here reacts
            to its type; `failed`: `is_transient(error)` tells whether it may succeed later.
        attempts: how often the reaction ran.
    """

    outcome: Literal["done", "gone", "passed_over", "failed"]
    attempts: int = 0
    error: Exception | None = None


class Subscription:
    """What one service hears, and what it does about it."""

    def __init__(
        self,
        service: str,
        topics: Sequence[str],
        reactions: Mapping[type[Event], Reaction],
        settings: KafkaSettings,
        *,
        parse: Parse,
        clock: Clock,
        dead_letter_topic: Callable[[str, str], str],
        known: Iterable[str] = (),
        batch_handler: BatchHandler | None = None,
        traces: Traces | None = None,
    ) -> None:
        """`batch_handler` is tried first with all records of a batch; where it fails, the reactions find out which one.

        What is of a `known` type without a reaction is not even read.
        """
        self._service = service
        self._topics = tuple(topics)
        self._reactions = reactions
        self._batch_handler = batch_handler
        self._for_others = {ce_type.encode() for ce_type in {*known} - {event.ce_type for event in reactions}}
        self._settings = settings
        self._parse = parse
        self._clock = clock
        self._dead_letter_topic = dead_letter_topic
        self._traces = traces or Traces()
        self._failures = 0
        self._stopping = asyncio.Event()
        self._waited: dict[str, int] = {}
        # Records near the limit of their topic must still fit in here, with their headers.
        self._dead_letters = Publisher(settings, max_request_size=4 * 1024 * 1024, client_id=f"{service}.dead-letters")
        self.group = f"{service}.reactions"
        self.parks_in = {dead_letter_topic(topic, service): topic for topic in self._topics}
        """Each dead-letter topic, and the topic whose records it takes."""
        self.broker = subscribe(self.group, self._topics, self._handle_batch, settings)
        self._lag = Lag(self._topics, self._consumer)
        self._progress = Progress()
        self._watching: asyncio.Task[None] | None = None
        for topic in self._topics:
            PARKED.labels(topic, MalformedEvent.__name__)
            PASSED_OVER.labels(topic)
        for event in reactions:
            HANDLED.labels(event.ce_type, "done")
            RETRIED.labels(event.ce_type)

    async def start(self) -> None:
        """Join the group and begin to read."""
        self._stopping.clear()
        await self.broker.start()
        self._lag.start()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop reading, let the running batch finish, commit, leave."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._leave()
        await self._dead_letters.stop(3.0)

    async def _watch(self) -> None:
        """Start anew where there is something to read, and nothing is read.

        What aiokafka's coordinator does not expect ends it; FastStream then asks a dead consumer for ever, in silence.
        """
        while True:
            await asyncio.sleep(WATCH_S)
            if self._lag.stands_still_s < self._settings.standstill_s:
                continue
            log.error("the consumer stands still and is started anew", group=self.group)
            STANDSTILLS.inc()
            try:
                await self._leave()
                self._stopping.clear()
                await self.broker.start()
                self._lag.start()
            except (KafkaError, OSError) as error:
                log.warning("the consumer could not be started anew", error=type(error).__name__)

    async def _leave(self) -> None:
        self._stopping.set()
        await self._lag.stop()
        await self._progress.tell()
        await self.broker.stop()
        await self._progress.forget()

    def _consumer(self) -> Any:
        """None until it is started."""
        (subscriber,) = self.broker.subscribers
        return getattr(subscriber, "consumer", None)

    async def _handle_batch(self, message: KafkaMessage) -> None:
        records: Sequence[ConsumerRecord[bytes, bytes]] = message.raw_message
        with self._lag.handling(records):
            await self._handle_records(message, records)

    async def _handle_records(self, message: KafkaMessage, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        if await self._handle_together(records) or await self._handle_lanes(records):
            self._failures = 0
            self._progress.done(cast("Committing", message.consumer), records)
            if self._stopping.is_set():
                await self._progress.tell()
            return
        REDELIVERED.inc()
        pause = self._settings.redelivery_pause_s * 2 ** min(self._failures, 10)
        self._failures += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), min(self._settings.redelivery_pause_max_s, pause))
        with suppress(IllegalStateError):  # the partition went to somebody else, who gets the batch
            await message.nack()

    async def _handle_together(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> bool:
        """Whether that was possible and is done; a record that spoils it is dealt with in its lane."""
        if self._batch_handler is None:
            return False
        try:
            heard = [(record, self._parse(record.headers, record.value)) for record in records]
        except Exception:  # noqa: BLE001 - in its lane the record is parked, or comes again
            return False
        started = monotonic()
        told = [(record, event) for record, event in heard if event and type(event.data) in self._reactions]
        with ExitStack() as spans:
            traced = [spans.enter_context(self._traces.processing(event, record, self.group)) for record, event in told]
            try:
                await self._batch_handler([event for _, event in told])
            except Exception as error:  # noqa: BLE001 - the lanes find out whose fault it is, and what becomes of it
                for span in traced:
                    failed(reason_of(error), span)
                return False
            for span in traced:
                ended("done", span)
        for _, event in told:
            HANDLED.labels(event.type, "done").observe(monotonic() - started)
        for record, unknown in heard:
            if unknown is None:
                PASSED_OVER.labels(record.topic).inc()
        return True

    async def _handle_lanes(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> bool:
        """Keys side by side; False where the batch must come again."""
        lanes: dict[tuple[str, int, bytes | None], list[ConsumerRecord[bytes, bytes]]] = {}
        for record in records:
            lanes.setdefault((record.topic, record.partition, record.key), []).append(record)
        room = asyncio.Semaphore(self._settings.parallel_keys)
        return all(await asyncio.gather(*(self._handle_lane(lane, room) for lane in lanes.values())))

    async def _handle_lane(self, lane: Sequence[ConsumerRecord[bytes, bytes]], room: asyncio.Semaphore) -> bool:
        """Records of one key, in order; False where the batch must come again."""
        async with room:
            for record in lane:
                try:
                    await self._handle(record)
                except _Redeliver:
                    return False
                except Exception:  # noqa: BLE001 - the batch comes again
                    log.exception("record neither handled nor parked", topic=record.topic, offset=record.offset)
                    return False
        return True

    def _is_for_others(self, record: ConsumerRecord[bytes, bytes]) -> bool:
        """Whether nothing here reacts to its type, which is all that need be known of it."""
        types = [value for name, value in record.headers if name == "ce_type"]
        return len(types) == 1 and types[0] in self._for_others

    async def _handle(self, record: ConsumerRecord[bytes, bytes]) -> None:
        if self._is_for_others(record):
            return
        try:
            envelope = self._parse(record.headers, record.value)
        except MalformedEvent as error:
            await self._park(record, error, attempts=1)
            return
        if envelope is None:
            PASSED_OVER.labels(record.topic).inc()
            return
        reaction = self._reactions.get(type(envelope.data))
        if reaction is None:
            return
        started = monotonic()
        outcome = "failed"
        with self._traces.processing(envelope, record, self.group), logged_with(envelope.correlation_id, envelope.id):
            try:
                outcome = await self._react(record, envelope, reaction)
            finally:
                ended(outcome)
                HANDLED.labels(envelope.type, outcome).observe(monotonic() - started)

    async def _react(self, record: ConsumerRecord[bytes, bytes], envelope: Envelope[Event], reaction: Reaction) -> str:
        tried = await self._try(envelope, reaction)
        error = tried.error
        if error is None:
            self._waited.pop(envelope.id, None)
            return tried.outcome
        if not is_transient(error):
            await self._park(record, error, attempts=tried.attempts)
            return "parked"
        if isinstance(error, NotYet) and self._has_waited_enough(envelope.id):
            await self._park(record, error, attempts=tried.attempts)
            del self._waited[envelope.id]
            return "parked"
        log.warning("reaction postponed", type=envelope.type, error=type(error).__name__)
        raise _Redeliver from error

    async def _try(self, envelope: Envelope[Event], reaction: Reaction) -> HandlingResult:
        """The reaction, several times over where that may help; what a failure leads to is decided by who asked."""
        attempts = 0
        while True:
            attempts += 1
            try:
                await reaction(envelope, self._cause(envelope))
            except Gone:
                return HandlingResult("gone", attempts)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                if attempts == TRIES_IN_PLACE or not is_transient(error):
                    failed(reason_of(error))
                    return HandlingResult("failed", attempts, error)
                RETRIED.labels(envelope.type).inc()
                retried(reason_of(error), attempts)
            else:
                return HandlingResult("done", attempts)
            # Not by tenacity: to make its object for each event costs more than most reactions.
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempts - 1))
            await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 - no secret

    async def handle_again(self, record: ConsumerRecord[bytes, bytes]) -> HandlingResult:
        """A record that was parked, once more: the same reaction under the same cause, whether or not it worked before.

        It may come while records of its key are handled, and after newer ones, which reactions bear. It is not parked
        a second time.
        """
        try:
            envelope = self._parse(record.headers, record.value)
        except MalformedEvent as error:
            return HandlingResult("failed", 1, error)
        reaction = None if envelope is None else self._reactions.get(type(envelope.data))
        if envelope is None or reaction is None:
            return HandlingResult("passed_over")
        with self._traces.processing(envelope, record, self.group), logged_with(envelope.correlation_id, envelope.id):
            tried = await self._try(envelope, reaction)
            ended(tried.outcome)
            return tried

    def _has_waited_enough(self, event_id: str) -> bool:
        """What somebody else never finishes must not hold up everybody for ever."""
        self._waited[event_id] = self._waited.get(event_id, 0) + 1
        return self._waited[event_id] >= self._settings.redeliveries_while_waiting

    def _cause(self, envelope: Envelope[Event]) -> Cause:
        return Cause(
            key=envelope.id,
            actor=envelope.actor,
            at=self._clock(),
            correlation_id=envelope.correlation_id,
            causation_id=envelope.id,
            traceparent=current_traceparent(),
        )

    async def _park(self, record: ConsumerRecord[bytes, bytes], error: Exception, *, attempts: int) -> None:
        """Put the record aside with the reason; later records of its key go on."""
        topic = self._dead_letter_topic(record.topic, self._service)
        reason = reason_of(error)
        why = {
            # Always the first: the record's own headers end before it.
            "dlt_original_topic": record.topic,
            "dlt_original_partition": str(record.partition),
            "dlt_original_offset": str(record.offset),
            "dlt_original_timestamp": str(record.timestamp),
            "dlt_consumer_group": self.group,
            "dlt_exception": reason,
            "dlt_message": message_of(error),
            "dlt_attempts": str(attempts),
            "dlt_failed_at": self._clock().isoformat(),
        }
        reasons = [(name, value.encode()) for name, value in why.items()]
        try:
            await self._dead_letters.publish(topic, record.key, record.value, [*record.headers, *reasons])
        except SendRefused:
            # Too large even here: headers and coordinates must do, the record itself stays where it is.
            reasons.append(("dlt_truncated", b"true"))
            try:
                await self._dead_letters.publish(topic, record.key, None, [*record.headers, *reasons])
            except SendRefused:
                await self._dead_letters.publish(topic, None, None, reasons)
        PARKED.labels(record.topic, reason).inc()
        log.error("record parked", topic=record.topic, partition=record.partition, offset=record.offset, reason=reason)


def subscribe(
    group: str, topics: Sequence[str], handle: Callable[[KafkaMessage], Awaitable[None]], settings: KafkaSettings
) -> KafkaBroker:
    """A broker with one batch subscriber: the only place where one is made, because every default matters."""
    broker = KafkaBroker(
        settings.bootstrap_servers.split(","),  # FastStream takes a text for one server
        security=_security(settings),
        ack_policy=AckPolicy.MANUAL,
        apply_types=False,
        allow_auto_create_topics=False,
        graceful_timeout=15.0,
        logger=None,
        client_id=group,
    )
    subscriber = broker.subscriber(
        *topics,
        batch=True,
        group_id=group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        batch_timeout_ms=settings.batch_timeout_ms,
        max_records=settings.max_batch,
        fetch_max_wait_ms=settings.fetch_max_wait_ms,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_interval_ms,
        rebalance_timeout_ms=settings.rebalance_timeout_ms,
        max_poll_interval_ms=settings.max_poll_interval_ms,
        parser=_parse_unharmed,
        decoder=_undecoded,
    )
    subscriber(handle)
    return broker


def _security(settings: KafkaSettings) -> BaseSecurity | None:
    """What `KafkaSettings.connection` says, in FastStream's words."""
    if not settings.uses_sasl or settings.sasl_username is None or settings.sasl_password is None:
        return BaseSecurity(ssl_context=settings.tls()) if settings.uses_tls else None
    kinds = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    kind = kinds[settings.sasl_mechanism]
    password = settings.sasl_password.get_secret_value()
    return kind(settings.sasl_username, password, ssl_context=settings.tls(), use_ssl=settings.uses_tls)


async def _parse_unharmed(records: Any, original: Callable[[Any], Awaitable[KafkaMessage]]) -> KafkaMessage:
    """Keep the records as they are: FastStream's parser fails on null and non-UTF-8 headers, and skips the batch."""
    message = await original((_bare(records[0]),))
    message.raw_message = records
    return message


def _bare(record: ConsumerRecord[bytes, bytes]) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord(
        **{name: getattr(record, name) for name in record.__dataclass_fields__ if name not in {"headers", "value"}},
        headers=(),
        value=b"",
    )


async def _undecoded(message: KafkaMessage) -> KafkaMessage:
    return message
