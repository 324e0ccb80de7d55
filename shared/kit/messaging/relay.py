"""Publish events from the outboxes of documents; nothing else publishes events of aggregates.

Woken by each write, the relay sends the *whole* pending prefix of the document as returned by that write, in order,
waits for Kafka's acknowledgements, and clears a little later, many documents at once. A sweeper finds what was left
behind.

Delivery is at least once: an event may be sent twice under the same id. The first occurrences of one aggregate's events
are in order, also with several replicas, because no event is ever sent without those before it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from shared.kit.cancelled import raise_if_cancelled
from shared.kit.messaging import quarantine
from shared.kit.messaging.backlog import Backlog
from shared.kit.messaging.clearing import OutboxCleaner
from shared.kit.messaging.hints import MAX_HINTED_BYTES, MAX_HINTS, Hints
from shared.kit.messaging.outbox import Pending
from shared.kit.messaging.prefix_sender import PrefixSender
from shared.kit.messaging.sending import Sender, SendFailed, SendRefused
from shared.kit.messaging.sweeper import claim
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import is_transient
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import PUBLISH_SECONDS, PUBLISHED, RELAY_SECONDS

CLEAR_EVERY_S = 0.2
"""How long published events stay in their document: one that is changed again meanwhile is cleared once."""


class Relay:
    """Publishes the events of some collections, each collection's to one topic."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        *,
        sweep_interval_s: float = 1.0,
        sweep_grace_s: float = 3.0,
        backlog_cap: int = 200_000,
        max_hints: int = MAX_HINTS,
        max_hinted_bytes: int = MAX_HINTED_BYTES,
    ) -> None:
        """Leave documents to the sweeper beyond `max_hints`, `max_hinted_bytes`, or pending for `sweep_grace_s`."""
        self._database = database
        self._sender = sender
        self._interval = sweep_interval_s
        self._grace = timedelta(seconds=sweep_grace_s)
        self._backlog = Backlog(database, cap=backlog_cap)
        self._hints = Hints(max_documents=max_hints, max_bytes=max_hinted_bytes)
        self._prefixes = PrefixSender(sender)
        self._cleaner = OutboxCleaner()
        self._topics: dict[str, tuple[Collection, str]] = {}
        self._busy = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_full(self) -> bool:
        """Whether more documents are pending than the cap allows, as of the last count."""
        return self._backlog.is_full

    def watch(self, collection: Collection, topic: str) -> None:
        """Publish this collection's events to the topic."""
        self._topics[collection.name] = (collection, topic)
        self._backlog.watch(collection)
        PUBLISHED.labels(collection.name)
        RELAY_SECONDS.labels(collection.name)

    def hint(self, collection: Collection, document: Document) -> None:
        """Publish the pending events of a document that was just written."""
        _, topic = self._topics[collection.name]
        pending = Pending.of(collection, topic, document)
        if pending is not None:
            self._hints.add(pending)

    async def start(self) -> None:
        """Start to publish, in the background."""
        # Measuring is a task of its own: while Kafka is away a sweep takes long, and the cap must hold just then.
        rounds = (
            self._relay_hints(),
            self._repeat(self._cleaner.clear, CLEAR_EVERY_S),
            self._repeat(self.sweep, self._interval),
            self._repeat(self._backlog.measure, self._interval),
        )
        self._tasks = [asyncio.create_task(each) for each in rounds]

    async def stop(self, deadline_s: float) -> None:
        """Publish the hints until the deadline, and stop; the next sweeper publishes the rest."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(deadline_s):
                while self._hints:
                    await self._publish(self._hints.take())
                await self._cleaner.clear()
        except TimeoutError:
            log.warning("relay stopped before everything was published", pending=len(self._hints))
        await self._sender.stop(deadline_s)

    async def sweep(self) -> int:
        """Publish what has been pending for longer than the grace, and return the number of documents."""
        taken = 0
        cutoff = await self._database.now() - self._grace
        for collection, topic in self._topics.values():
            while claimed := await claim(collection, topic, cutoff):
                taken += len(claimed)
                is_failing = await self._publish(claimed)
                await self._cleaner.clear()
                if is_failing:
                    break  # The next sweep continues.
        return taken

    async def release(self, collection_name: str, id_: str) -> bool:
        """Publish a quarantined document again, after its cause was removed; False where there is none."""
        if collection_name not in self._topics:
            return False
        collection, _ = self._topics[collection_name]
        return await quarantine.release(collection, id_)

    async def quarantined(self) -> list[dict[str, str]]:
        """List the quarantined documents of all collections."""
        return [each for found, _ in self._topics.values() for each in await quarantine.list_quarantined(found)]

    async def _repeat(self, work: Callable[[], Awaitable[object]], every_s: float) -> None:
        while True:
            raise_if_cancelled()
            await asyncio.sleep(every_s)
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the next round continues
                if not is_transient(error):
                    log.exception("outbox round failed", work=work.__name__)
                else:
                    log.warning("outbox round postponed", work=work.__name__, error=type(error).__name__)

    async def _relay_hints(self) -> None:
        while True:
            raise_if_cancelled()
            await self._hints.wait()
            batch = self._hints.take()
            try:
                await self._publish(batch)
            except asyncio.CancelledError:
                # Stopped halfway: `stop` still publishes these, unless a newer hint came in.
                for pending in batch:
                    self._hints.add(pending)
                raise
            except Exception as error:  # noqa: BLE001 - the next round continues
                if not is_transient(error):
                    log.exception("relay round failed")
                else:
                    log.warning("relay round postponed", error=type(error).__name__)

    async def _publish(self, batch: Sequence[Pending]) -> bool:
        """Send each document's prefix, clear what was acknowledged, and return whether Kafka failed."""
        async with self._busy:
            with PUBLISH_SECONDS.time():
                failed = await self._prefixes.send(batch)
            self._cleaner.add(pending for pending in batch if pending.id not in failed)
            if not failed:
                return False
            await self._sender.renew()
            for pending in batch:
                if isinstance(failed.get(pending.id), SendRefused):
                    await self._retry_alone(pending, was_alone=len(batch) == 1)
            return any(isinstance(error, SendFailed) for error in failed.values())

    async def _retry_alone(self, pending: Pending, *, was_alone: bool) -> None:
        """Send a document by itself, since one rejected record fails its whole batch, and count its own rejection."""
        error: Exception | None = SendRefused() if was_alone else (await self._prefixes.send([pending])).get(pending.id)
        if error is None:
            self._cleaner.add([pending])
            return
        if not was_alone:
            await self._sender.renew()
        if isinstance(error, SendRefused):
            event = self._prefixes.first_unacknowledged(pending)
            await quarantine.count_refusal(pending, event, self._database)
