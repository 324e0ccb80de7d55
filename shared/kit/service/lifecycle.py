"""Start the parts of a service in order, and stop them in reverse.

Kafka being away stops nothing: writes go on, events wait in their documents, and the subscription starts once Kafka can
be reached.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiokafka.errors import KafkaError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_fixed

from shared.kit.messaging.failures import is_transient
from shared.kit.messaging.relay import Relay
from shared.kit.messaging.subscribing import Subscription
from shared.kit.service.jobs import Jobs
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.indexes import Index
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.tracing import Traces

TRACES_FLUSH_S = 2.0


class Lifecycle:
    """Life cycle of one service: database, relay, jobs, subscription."""

    def __init__(
        self, service: str, database: Database, relay: Relay, jobs: Jobs, traces: Traces, *, flush_s: float
    ) -> None:
        """Publish pending events for `flush_s` at most when stopping."""
        self._service = service
        self._database = database
        self._relay = relay
        self._jobs = jobs
        self._traces = traces
        self._flush_s = flush_s
        self._indexes: list[tuple[Collection, Sequence[Index]]] = []
        self._preparations: list[Callable[[], Awaitable[object]]] = []
        self._stops: list[Callable[[], Awaitable[object]]] = []
        self.subscription: Subscription | None = None
        self.is_consuming = False
        """Whether the subscription has started, or there is none."""

    def ensure(self, collection: Collection, indexes: Sequence[Index]) -> None:
        """Create the collection and its indexes at start."""
        self._indexes.append((collection, indexes))

    def before_start(self, prepare: Callable[[], Awaitable[object]]) -> None:
        """Run this once the database can be reached, before any request or event is handled."""
        self._preparations.append(prepare)

    def on_stop(self, stop: Callable[[], Awaitable[object]]) -> None:
        """Run this when stopping, after the subscription and before the relay stops."""
        self._stops.append(stop)

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Start the service, and stop it at the end of the block."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(is_transient), stop=stop_after_delay(30), wait=wait_fixed(0.5), reraise=True
        ):
            with attempt:
                await self._prepare()
        await self._relay.start()
        self._jobs.start()
        starting = asyncio.create_task(self._start_to_consume())
        log.info("service started", service=self._service)
        try:
            yield
        finally:
            starting.cancel()
            await asyncio.gather(starting, self._jobs.stop(), return_exceptions=True)
            await self._stop()
            log.info("service stopped", service=self._service)

    async def _prepare(self) -> None:
        await self._database.check()
        for collection, indexes in self._indexes:
            await collection.ensure(indexes)
        for prepare in self._preparations:
            await prepare()

    async def _stop(self) -> None:
        """Stop to consume, publish what is pending, close all connections; a failure stops none of the others."""
        async with AsyncExitStack() as stack:  # the last is the first to run
            stack.push_async_callback(self._traces.stop, TRACES_FLUSH_S)
            stack.callback(self._database.close)
            stack.push_async_callback(self._relay.stop, self._flush_s)
            for stop in self._stops:
                stack.push_async_callback(stop)
            if self.subscription is not None:
                stack.push_async_callback(self.subscription.stop)

    async def _start_to_consume(self) -> None:
        if self.subscription is None:
            self.is_consuming = True
        while not self.is_consuming and self.subscription is not None:
            try:
                await self.subscription.start()
                self.is_consuming = True
            except (KafkaError, OSError) as error:
                log.warning("Kafka away", error=type(error).__name__)
                with suppress(KafkaError, OSError):
                    await self.subscription.stop()
                await asyncio.sleep(1.0)
