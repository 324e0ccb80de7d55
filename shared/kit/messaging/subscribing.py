"""Subscribe to events: the one way for a service to consume them.

A service has one batch subscriber over all its topics. Records of one key are handled in order, keys side by side; a
reaction is retried in place and, if it can never succeed, its record is parked in a dead-letter topic; offsets are
committed only when every record of the batch is done or parked.

Note:
    Records may come again, or late: reactions must bear both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from time import monotonic
from typing import Any, cast

from aiokafka import ConsumerRecord
from aiokafka.errors import IllegalStateError, KafkaError
from crm_contracts.envelope import Envelope, Event, MalformedEvent
from faststream.kafka import KafkaMessage

from shared.kit.domain import Clock, NotYet
from shared.kit.messaging.broker import subscribe
from shared.kit.messaging.failures import is_transient, reason_of
from shared.kit.messaging.handling import EventHandler, HandlingResult, Parse
from shared.kit.messaging.lag import Lag
from shared.kit.messaging.offsets import Committing, OffsetCommitter
from shared.kit.messaging.parking import Parking
from shared.kit.messaging.reactions import Reactions
from shared.kit.settings import KafkaSettings
from shared.kit.telemetry.logs import log, logged_with
from shared.kit.telemetry.metrics import HANDLED, PARKED, PASSED_OVER, REDELIVERED, RETRIED, STANDSTILLS
from shared.kit.telemetry.tracing import Traces, ended, failed

BatchHandler = Callable[[Sequence[Envelope[Any]]], Awaitable[None]]
"""Does for many events at once what their reactions would do one by one, in any order."""

WATCH_S = 1.0


class _Redeliver(Exception):
    """Something the reaction depends on stays away: the whole batch is to come again."""


class Subscription:
    """What one service consumes, and its reactions."""

    def __init__(
        self,
        service: str,
        topics: Sequence[str],
        reactions: Reactions,
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
        self._handler = EventHandler(reactions, clock=clock)
        self._batch_handler = batch_handler
        self._for_others = {ce_type.encode() for ce_type in {*known} - {event.ce_type for event in self.events}}
        self._settings = settings
        self._parse = parse
        self._traces = traces or Traces()
        self._failures = 0
        self._stopping = asyncio.Event()
        self._waited: dict[str, int] = {}
        self.group = f"{service}.reactions"
        self._parking = Parking(service, settings, topic_for=dead_letter_topic, group=self.group, clock=clock)
        self.parks_in = {dead_letter_topic(topic, service): topic for topic in self._topics}
        """Each dead-letter topic, and the topic whose records it takes."""
        self.broker = subscribe(self.group, self._topics, self._handle_batch, settings)
        self._lag = Lag(self._topics, self._consumer)
        self._offsets = OffsetCommitter()
        self._watching: asyncio.Task[None] | None = None
        for topic in self._topics:
            PARKED.labels(topic, MalformedEvent.__name__)
            PASSED_OVER.labels(topic)
        for event in self.events:
            HANDLED.labels(event.ce_type, "done")
            RETRIED.labels(event.ce_type)

    @property
    def events(self) -> frozenset[type[Event]]:
        """The types of events that the service reacts to."""
        return self._handler.events

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
        await self._parking.stop(3.0)

    async def _watch(self) -> None:
        """Restart a consumer that stands still while there is something to read.

        What aiokafka's coordinator does not expect ends it; FastStream then polls a dead consumer for ever, in silence.
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
        await self._offsets.commit()
        await self.broker.stop()
        await self._offsets.reset()

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
            self._offsets.done(cast("Committing", message.consumer), records)
            if self._stopping.is_set():
                await self._offsets.commit()
            return
        REDELIVERED.inc()
        pause = self._settings.redelivery_pause_s * 2 ** min(self._failures, 10)
        self._failures += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), min(self._settings.redelivery_pause_max_s, pause))
        with suppress(IllegalStateError):  # the partition went to another member, who gets the batch
            await message.nack()

    async def _handle_together(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> bool:
        """Whether that was possible and is done; a record that spoils it is dealt with in its lane."""
        if self._batch_handler is None:
            return False
        try:
            parsed = [(record, self._parse(record.headers, record.value)) for record in records]
        except Exception:  # noqa: BLE001 - in its lane the record is parked, or comes again
            return False
        started = monotonic()
        mine = [(record, event) for record, event in parsed if event and self._handler.reacts_to(event)]
        with ExitStack() as spans:
            traced = [spans.enter_context(self._traces.processing(event, record, self.group)) for record, event in mine]
            try:
                await self._batch_handler([event for _, event in mine])
            except Exception as error:  # noqa: BLE001 - the lanes find out whose fault it is, and what becomes of it
                for span in traced:
                    failed(reason_of(error), span)
                return False
            for span in traced:
                ended("done", span)
        for _, event in mine:
            HANDLED.labels(event.type, "done").observe(monotonic() - started)
        for record, unknown in parsed:
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
            await self._parking.park(record, error, attempts=1)
            return
        if envelope is None:
            PASSED_OVER.labels(record.topic).inc()
            return
        if not self._handler.reacts_to(envelope):
            return
        started = monotonic()
        outcome = "failed"
        with self._traces.processing(envelope, record, self.group), logged_with(envelope.correlation_id, envelope.id):
            try:
                outcome = await self._react(record, envelope)
            finally:
                ended(outcome)
                HANDLED.labels(envelope.type, outcome).observe(monotonic() - started)

    async def _react(self, record: ConsumerRecord[bytes, bytes], envelope: Envelope[Event]) -> str:
        result = await self._handler.handle(envelope)
        error = result.error
        if error is None:
            self._waited.pop(envelope.id, None)
            return result.outcome
        if not is_transient(error):
            await self._parking.park(record, error, attempts=result.attempts)
            return "parked"
        if isinstance(error, NotYet) and self._has_waited_enough(envelope.id):
            await self._parking.park(record, error, attempts=result.attempts)
            del self._waited[envelope.id]
            return "parked"
        log.warning("reaction postponed", type=envelope.type, error=type(error).__name__)
        raise _Redeliver from error

    async def handle_again(self, record: ConsumerRecord[bytes, bytes]) -> HandlingResult:
        """Handle a parked record once more: the same reactions under the same causes, done before or not.

        It may come while records of its key are handled, and after newer ones, which reactions bear. It is not parked
        a second time.
        """
        try:
            envelope = self._parse(record.headers, record.value)
        except MalformedEvent as error:
            return HandlingResult("failed", 1, error)
        if envelope is None or not self._handler.reacts_to(envelope):
            return HandlingResult("passed_over")
        with self._traces.processing(envelope, record, self.group), logged_with(envelope.correlation_id, envelope.id):
            result = await self._handler.handle(envelope)
            ended(result.outcome)
            return result

    def _has_waited_enough(self, event_id: str) -> bool:
        """What another event never finishes must not hold up its topic for ever."""
        self._waited[event_id] = self._waited.get(event_id, 0) + 1
        return self._waited[event_id] >= self._settings.redeliveries_while_waiting
