"""A service process: what a composition root assembles, started and stopped in the right order.

The surprise: Kafka being away stops nothing. Writes go on, events wait in their documents, and readiness says
`degraded`; only where writes cannot be accepted is it 503.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from aiokafka.errors import KafkaError
from crm_contracts.envelope import Event
from fastapi import APIRouter, FastAPI
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_fixed

from shared.kit.dead_letters.http import build_dead_letters
from shared.kit.dead_letters.service import DeadLetterService, passes_over
from shared.kit.dead_letters.store import DEAD_LETTER_INDEXES, DeadLetterStore
from shared.kit.domain import Aggregate, DomainError
from shared.kit.messaging.failures import is_transient
from shared.kit.messaging.handling import Parse
from shared.kit.messaging.log_reader import Tail, record_at
from shared.kit.messaging.outbox import OUTBOX_INDEXES, Relay
from shared.kit.messaging.publishing import Answers, Publisher
from shared.kit.messaging.reactions import Reactions
from shared.kit.messaging.subscribing import BatchHandler, Subscription
from shared.kit.messaging.topic_reader import Replay
from shared.kit.service.clock import new_id, utc_now
from shared.kit.settings import KafkaSettings, MongoSettings, ServiceSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import connect
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import BUILD, JOB_CHANGES, JOB_RUNS
from shared.kit.telemetry.tracing import exported
from shared.kit.web.app import make_app
from shared.kit.web.auth import Authenticator
from shared.kit.web.context import AppContext
from shared.kit.web.idempotency import IDEMPOTENCY_INDEXES, IdempotencyKeys
from shared.kit.web.operations import build_operations
from shared.kit.web.signing_keys import KeyFile, Keys, KeyUrl
from shared.kit.web.waiting import LongPolls

LOOK_AGAIN_S = 1.0


TRACES_FLUSH_S = 2.0


A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True)
class Contracts:
    """The message contracts, which the kit itself does not know."""

    parse: Parse
    dead_letter_topic: Callable[[str, str], str]
    types: Iterable[str]
    """All that are known."""


@dataclass
class Service:
    """One service. Build it inside the event loop that will run it."""

    name: str
    topic: str
    contracts: Contracts
    settings: ServiceSettings
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    mongo: MongoSettings = field(default_factory=MongoSettings)

    def __post_init__(self) -> None:
        """Connect the parts; nothing is contacted yet."""
        self.database = connect(
            self.mongo.url.get_secret_value(),
            f"{self.settings.database_prefix}{self.name}",
            **self.mongo.options(),
        )
        self.clock, self.new_id = utc_now, new_id
        BUILD.labels(self.settings.version).set(1)
        self.source = f"/crm/{self.name}"
        self.traces = exported(self.settings.traces_exporter, self.name, self.settings.version)
        publisher = partial(Publisher, self.kafka, traces=self.traces)
        self._relay_publisher = publisher(client_id=f"{self.name}.relay")
        self.relay = Relay(
            self.database,
            self._relay_publisher,
            sweep_interval_s=self.settings.sweep_interval_s,
            sweep_grace_s=self.settings.sweep_grace_s,
            backlog_cap=self.settings.backlog_cap,
        )
        self._answers_publisher = publisher(client_id=f"{self.name}.answers")
        self.answers = Answers(self._answers_publisher, topic=self.topic, source=self.source)
        self.numbers = Numbers(self.database.collection("counters"))
        self.long_polls = LongPolls(self.settings.max_waiters)
        self._indexes: list[tuple[Collection, Sequence[Index]]] = []
        self._subscription: Subscription | None = None
        self._hearing = False
        self._tail = Tail(self.kafka, client_id=f"{self.name}.dead-letters")
        self._jobs: list[tuple[float, Callable[[], Awaitable[object]]]] = []
        # What this replica could not publish another one may have published meanwhile.
        self.every(LOOK_AGAIN_S, self._relay_publisher.look_again)
        self._preparations: list[Callable[[], Awaitable[object]]] = []
        self._keys = IdempotencyKeys(
            self.collection("idempotency", IDEMPOTENCY_INDEXES), clock=self.clock, new_id=self.new_id
        )

    def collection(self, name: str, indexes: Sequence[Index] = ()) -> Collection:
        """A collection without aggregates: a view, a set of claims."""
        collection = self.database.collection(name)
        self._indexes.append((collection, indexes))
        return collection

    def repository(
        self,
        kind: type[A],
        name: str,
        *,
        indexes: Sequence[Index] = (),
        taken: Mapping[str, Callable[[], DomainError]] | None = None,
    ) -> MongoRepository[A]:
        """A repository whose events go to the service's topic."""
        collection = self.collection(name, (*OUTBOX_INDEXES, *indexes))
        self.relay.watch(collection, self.topic)
        return MongoRepository(
            kind,
            collection,
            self.relay,
            source=self.source,
            new_id=self.new_id,
            outbox_cap=self.settings.outbox_cap,
            taken=taken,
        )

    def subscribe(
        self, topics: Sequence[str], reactions: Reactions, *, batch_handler: BatchHandler | None = None
    ) -> None:
        """React to the events on these topics.

        `batch_handler` does for a batch of events what the reactions do for each, at a lower price.
        """
        self._subscription = Subscription(
            self.name,
            topics,
            reactions,
            self.kafka,
            parse=self.contracts.parse,
            clock=self.clock,
            dead_letter_topic=self.contracts.dead_letter_topic,
            known=self.contracts.types,
            batch_handler=batch_handler,
            traces=self.traces,
        )

    @property
    def consumed_events(self) -> frozenset[type[Event]]:
        """The types of events that the service reacts to."""
        return self._subscription.events if self._subscription else frozenset()

    def before_start(self, prepare: Callable[[], Awaitable[object]]) -> None:
        """Do this once the database is there, before anything is asked or heard; several replicas may do it."""
        self._preparations.append(prepare)

    def replay(self) -> Replay:
        """A reader of all that is heard, from the beginning, beside the subscription."""
        if self._subscription is None:
            message = f"{self.name} hears nothing"
            raise ValueError(message)
        topics = self._subscription.parks_in.values()
        return Replay(topics, self.kafka, group=self._subscription.group, parse=self.contracts.parse)

    def every(self, seconds: float, job: Callable[[], Awaitable[object]]) -> None:
        """Run a job again and again, in each replica; where it answers with a number, that is what it changed."""
        self._jobs.append((seconds, job))

    def app(self, *routers: APIRouter, description: str) -> FastAPI:
        """The HTTP side, whose life is the service's life."""
        keys: Keys
        if self.settings.jwks_file is not None:
            keys = KeyFile(self.settings.jwks_file)
        elif self.settings.jwks_url is not None:
            keys = KeyUrl(
                self.settings.jwks_url,
                lifetime_s=self.settings.jwks_lifetime_s,
                cooldown_s=self.settings.jwks_cooldown_s,
            )
        else:
            message = "CRM_JWKS_FILE or CRM_JWKS_URL must say where the signing keys are"
            raise ValueError(message)
        app_context = AppContext(
            service=self.name,
            authenticator=Authenticator(keys, issuer=self.settings.jwt_issuer, audience=self.settings.jwt_audience),
            keys=self._keys,
            long_polls=self.long_polls,
            clock=self.clock,
            new_id=self.new_id,
            is_database_away=lambda: self.database.is_away,
            max_body_bytes=self.settings.max_body_bytes,
            max_header_bytes=self.settings.max_header_bytes,
            traces=self.traces,
        )
        operations = build_operations(
            self.name, database=self.database, relay=self.relay, reaches_kafka=lambda: self._reaches_kafka
        )
        dead_letters = build_dead_letters(self.name, self._desk())
        app = make_app(app_context, (*routers, dead_letters, operations), self._life, description=description)
        app.state.service = self  # for checks that ask what was put together
        return app

    def _desk(self) -> DeadLetterService:
        """Where dead letters are dealt with; each replica keeps the one register up to date."""
        hears = self._subscription
        register = DeadLetterStore(
            self.name,
            self.collection("dead_letters", DEAD_LETTER_INDEXES),
            self.database,
            topics={} if hears is None else hears.parks_in,
            tail=self._tail,
            new_id=self.new_id,
            lease_s=self.settings.dead_letter_lease_s,
        )
        self.every(self.settings.dead_letter_interval_s, register.catch_up)
        self.every(self.settings.dead_letter_interval_s, register.measure)
        return DeadLetterService(
            register,
            handle=passes_over if hears is None else hears.handle_again,
            read_at=partial(record_at, self.kafka),
            replay_s=self.settings.dead_letter_lease_s * 2 / 3,
        )

    @property
    def _reaches_kafka(self) -> bool:
        return self._hearing and not self._relay_publisher.is_failing

    @asynccontextmanager
    async def _life(self) -> AsyncIterator[None]:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(is_transient), stop=stop_after_delay(30), wait=wait_fixed(0.5), reraise=True
        ):
            with attempt:
                await self.database.check()
                for collection, indexes in self._indexes:
                    await collection.ensure(indexes)
                for prepare in self._preparations:
                    await prepare()
        await self.relay.start()
        tasks = [asyncio.create_task(self._repeat(seconds, job)) for seconds, job in self._jobs]
        tasks.append(asyncio.create_task(self._begin_to_hear()))
        log.info("service started", service=self.name)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._end()
            log.info("service stopped", service=self.name)

    async def _end(self) -> None:
        """Stop hearing, then publish what is left, then give everything back; one that fails stops no other."""
        async with AsyncExitStack() as ending:  # the last is the first to run
            ending.push_async_callback(self.traces.stop, TRACES_FLUSH_S)
            ending.callback(self.database.close)
            ending.push_async_callback(self.relay.stop, self.settings.shutdown_flush_s)
            ending.push_async_callback(self._answers_publisher.stop, self.settings.shutdown_flush_s)
            ending.push_async_callback(self._tail.stop)
            if self._subscription is not None:
                ending.push_async_callback(self._subscription.stop)

    async def _begin_to_hear(self) -> None:
        if self._subscription is None:
            self._hearing = True
        while not self._hearing and self._subscription is not None:
            try:
                await self._subscription.start()
                self._hearing = True
            except (KafkaError, OSError) as error:
                log.warning("Kafka away", error=type(error).__name__)
                with suppress(KafkaError, OSError):
                    await self._subscription.stop()
                await asyncio.sleep(1.0)

    async def _repeat(self, seconds: float, job: Callable[[], Awaitable[object]]) -> None:
        name = _name_of(job)
        done, failed, changes = JOB_RUNS.labels(name, "done"), JOB_RUNS.labels(name, "failed"), JOB_CHANGES.labels(name)
        while True:
            await asyncio.sleep(seconds)
            try:
                changed = await job()
            except Exception as error:  # noqa: BLE001 - the next run may succeed
                failed.inc()
                if not is_transient(error):
                    log.exception("job failed", job=name)
            else:
                done.inc()
                changes.inc(changed if isinstance(changed, int) else 0)


def _name_of(job: Callable[..., object]) -> str:
    return _name_of(job.func) if isinstance(job, partial) else getattr(job, "__name__", type(job).__name__)
