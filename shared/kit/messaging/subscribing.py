"""Subscribe to events: the one way for a service to consume them.

A service has one batch subscriber over all its topics. Records of one key are handled in order, keys side by side; a
reaction is retried in place and, if it can never succeed, its record is dead-lettered; one that waits for another event
is kept apart with its key. Offsets are committed only when every record before them is done or dead-lettered.

Note:
    Records may be delivered twice, or late: reactions must allow for both.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, cast

from aiokafka.errors import IllegalStateError
from crm_contracts.envelope import Event, MalformedEvent
from faststream.kafka import KafkaMessage

from shared.kit.cancelled import raise_if_cancelled
from shared.kit.domain import Clock
from shared.kit.messaging.batch_handling import BatchAttempt, BatchHandler
from shared.kit.messaging.broker import subscribe
from shared.kit.messaging.dead_letter_publisher import DeadLetterPublisher
from shared.kit.messaging.handling import EventHandler, HandlingResult, Parse
from shared.kit.messaging.lag import Lag
from shared.kit.messaging.lanes import handle_in_lanes
from shared.kit.messaging.offsets import Committing, OffsetCommitter
from shared.kit.messaging.postponed import PostponedLanes
from shared.kit.messaging.reactions import Reactions
from shared.kit.messaging.record_handling import RecordHandler
from shared.kit.messaging.records import Record
from shared.kit.settings import KafkaSettings
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import DEAD_LETTERED, HANDLED, IGNORED, REDELIVERED, RETRIED, STANDSTILLS
from shared.kit.telemetry.tracing import Traces

WATCH_S = 1.0


class Subscription:
    """The consumer of one service, with its reactions."""

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
        kafka_answers: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare to consume; `known` lists all event types, those without a reaction are skipped unread."""
        self._service = service
        self._topics = tuple(topics)
        self._settings = settings
        self._failures = 0
        self._stopping = asyncio.Event()
        self.group = f"{service}.reactions"
        self.dead_letter_topics = {dead_letter_topic(topic, service): topic for topic in self._topics}
        """Each dead-letter topic, and the topic whose records it takes."""
        self._handler = EventHandler(reactions, clock=clock)
        self._dead_letters = DeadLetterPublisher(service, settings, dead_letter_topic, group=self.group, clock=clock)
        traces = traces or Traces()
        self._batches = BatchAttempt(batch_handler, self._handler, group=self.group, parse=parse, traces=traces)
        self._records = RecordHandler(
            self._handler, self._dead_letters, group=self.group, parse=parse, traces=traces, known=known
        )
        self._postponed = PostponedLanes(self._records.handle, settings, stopping=self._stopping)
        self.broker = subscribe(self.group, self._topics, self._handle_batch, settings)
        postponed, max_batch = self._postponed.count_by_topic, settings.max_batch
        self._lag = Lag(self._topics, self._consumer, postponed, max_batch=max_batch, kafka_answers=kafka_answers)
        self._offsets = OffsetCommitter(self._postponed.first_offsets)
        self._watching: asyncio.Task[None] | None = None
        self._start_series()

    def _start_series(self) -> None:
        """Start the metrics' series at 0, so that the first event of a kind shows in their rates."""
        for topic in self._topics:
            DEAD_LETTERED.labels(topic, MalformedEvent.__name__)
            IGNORED.labels(topic)
        for event in self.events:
            HANDLED.labels(event.ce_type, "done")
            RETRIED.labels(event.ce_type)

    @property
    def events(self) -> frozenset[type[Event]]:
        """The types of events that the service reacts to."""
        return self._handler.events

    @property
    def is_handling(self) -> bool:
        """Whether it handles what there is to handle: it runs, and has ended a batch lately or is at the end."""
        return self._is_running and self._lag.stalled_s < self._settings.stalled_s

    @property
    def _is_running(self) -> bool:
        """Whether the tasks are alive that poll, and that take part in the group.

        FastStream starts the one again after some errors only. Of the end of the other aiokafka tells only those who
        poll, and FastStream polls again: the consumer would wait for partitions for ever.
        """
        (batches,) = self.broker.subscribers
        coordinator = getattr(self._consumer(), "_coordinator", None)
        coordination = getattr(coordinator, "_coordination_task", None)
        is_member = coordination is None or not coordination.done()
        return is_member and any(not task.done() for task in getattr(batches, "tasks", ()))

    async def start(self) -> None:
        """Join the group and start to consume."""
        self._stopping.clear()
        await self.broker.start()
        self._lag.start()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Finish the running batch, commit, and leave the group."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._leave()
        await self._dead_letters.stop(3.0)

    async def handle_again(self, record: Record) -> HandlingResult:
        """Handle a dead-lettered record once more: see `RecordHandler.handle_again`."""
        return await self._records.handle_again(record)

    async def _watch(self) -> None:
        """Restart the consumer where it does not run, or does not read a partition that has something to read."""
        while True:
            raise_if_cancelled()
            await asyncio.sleep(WATCH_S)
            if self._is_running and self._lag.standstill_s < self._settings.standstill_s:
                continue
            log.error("consumer at a standstill, restarting it", group=self.group)
            STANDSTILLS.inc()
            try:
                await self._leave()
                self._stopping.clear()
                await self.broker.start()
                self._lag.start()
            except Exception as error:  # noqa: BLE001 - it is tried again; without this task nobody would
                log.warning("consumer could not be restarted", error=type(error).__name__)

    async def _leave(self) -> None:
        self._stopping.set()
        await self._lag.stop()
        await self._postponed.finish()
        await self._offsets.commit()
        await self.broker.stop()
        await self._offsets.reset()
        await self._postponed.drop()

    def _consumer(self) -> Any:
        """Return the aiokafka consumer; None until it is started."""
        (batches,) = self.broker.subscribers
        return getattr(batches, "consumer", None)

    async def _handle_batch(self, message: KafkaMessage) -> None:
        records: Sequence[Record] = message.raw_message
        with self._lag.handling(records):
            await self._handle_records(message, records)

    async def _handle_each(self, records: Sequence[Record]) -> bool:
        if not records or await self._batches.handle(records):
            return True
        return await handle_in_lanes(
            records, self._records.handle, keep=self._postponed.keep, parallel_keys=self._settings.parallel_keys
        )

    async def _handle_records(self, message: KafkaMessage, records: Sequence[Record]) -> None:
        fresh = self._postponed.without_kept(records)
        if fresh is not None and await self._handle_each(fresh):
            self._failures = 0
            self._lag.handled()
            self._offsets.done(cast("Committing", message.consumer), records)
            if self._stopping.is_set():
                await self._offsets.commit()
            return
        REDELIVERED.inc()
        pause = self._settings.redelivery_pause_s * 2 ** min(self._failures, 10)
        self._failures += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), min(self._settings.redelivery_pause_max_s, pause))
        with suppress(IllegalStateError):  # the partition was assigned to another member, which gets the batch
            await message.nack()
