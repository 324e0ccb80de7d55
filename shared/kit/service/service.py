"""Compose a service from the parts of the kit."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from crm_contracts.envelope import Event
from fastapi import APIRouter, FastAPI

from shared.kit.dead_letters.collector import DeadLetterCollector
from shared.kit.dead_letters.http import build_dead_letters
from shared.kit.dead_letters.service import DeadLetterService, ignore
from shared.kit.dead_letters.store import DEAD_LETTER_INDEXES, DeadLetterStore
from shared.kit.domain import Aggregate
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.batch_handling import BatchHandler
from shared.kit.messaging.handling import Parse
from shared.kit.messaging.log_reader import Tail, record_at
from shared.kit.messaging.outbox import OUTBOX_INDEXES
from shared.kit.messaging.publishing import Publisher
from shared.kit.messaging.reachability import ASK_EVERY_S, BrokerProbe
from shared.kit.messaging.reactions import Reactions
from shared.kit.messaging.relay import Relay
from shared.kit.messaging.subscribing import Subscription
from shared.kit.messaging.topic_reader import TopicReader
from shared.kit.messaging.view_filling import ViewFilling, always
from shared.kit.service.clock import new_id, utc_now
from shared.kit.service.jobs import Job, Jobs
from shared.kit.service.lifecycle import Lifecycle
from shared.kit.settings import KafkaSettings, MongoSettings, ServiceSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import connect
from shared.kit.storage.filled_views import FILLED_VIEWS, FilledViews
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository, Taken
from shared.kit.storage.numbers import Numbers
from shared.kit.telemetry.metrics import BUILD
from shared.kit.telemetry.tracing import make_traces
from shared.kit.timers.timer import HasTimers
from shared.kit.timers.waker import LOOK_EVERY_S, WAKE_INDEX, Waker
from shared.kit.web.app import make_app
from shared.kit.web.auth import Authenticator
from shared.kit.web.context import AppContext
from shared.kit.web.entrance import build_entrance
from shared.kit.web.guard import Authority, TokensAlone
from shared.kit.web.idempotency import IDEMPOTENCY_INDEXES, IdempotencyKeys
from shared.kit.web.openapi.texts import NO_TEXTS, ApiTexts
from shared.kit.web.operations import build_operations
from shared.kit.web.signing_keys import keys_of
from shared.kit.web.waiting import LongPolls

LOOK_AGAIN_S = 1.0
FILL_AGAIN_S = 60.0

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True)
class Contracts:
    """The message contracts, which the kit itself does not import."""

    parse: Parse
    dead_letter_topic: Callable[[str, str], str]
    types: Iterable[str]
    """All known event types."""


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
        """Compose the parts without contacting anything."""
        self.database = connect(
            self.mongo.url.get_secret_value(),
            f"{self.settings.database_prefix}{self.name}",
            **self.mongo.options(),
        )
        self.clock, self.new_id = utc_now, new_id
        BUILD.labels(self.settings.version).set(1)
        self.source = f"/crm/{self.name}"
        self.traces = make_traces(self.settings.traces_exporter, self.name, self.settings.version)
        self._relay_publisher = Publisher(self.kafka, client_id=f"{self.name}.relay", traces=self.traces)
        self.relay = Relay(
            self.database,
            self._relay_publisher,
            sweep_interval_s=self.settings.sweep_interval_s,
            sweep_grace_s=self.settings.sweep_grace_s,
            backlog_cap=self.settings.backlog_cap,
        )
        flush_s = self.settings.shutdown_flush_s
        self._jobs = Jobs()
        self._lifecycle = Lifecycle(self.name, self.database, self.relay, self._jobs, self.traces, flush_s=flush_s)
        self._answers_publisher = Publisher(self.kafka, client_id=f"{self.name}.answers", traces=self.traces)
        self.answers = Answers(self._answers_publisher, topic=self.topic, source=self.source)
        self._lifecycle.on_stop(partial(self._answers_publisher.stop, flush_s))
        self.numbers = Numbers(self.database.collection("counters"))
        self._lifecycle.on_stop(self._give_numbers_back)
        self._waker = Waker(self.clock)
        self.every(LOOK_EVERY_S, self._waker.wake_due)
        self.long_polls = LongPolls(self.settings.max_waiters)
        self._probe = BrokerProbe(self.kafka, client_id=f"{self.name}.probe")
        self._jobs.add(ASK_EVERY_S, self._probe.ask_kafka, first_s=0.0)
        self._lifecycle.on_stop(self._probe.stop)
        # Another replica may have published meanwhile what this one could not.
        for publisher in (self._relay_publisher, self._answers_publisher):
            self.every(LOOK_AGAIN_S, publisher.look_again)
        self.filled_views = FilledViews(self.collection(FILLED_VIEWS))
        self._keys = IdempotencyKeys(self.collection("idempotency", IDEMPOTENCY_INDEXES), new_id=self.new_id)

    def collection(self, name: str, indexes: Sequence[Index] = ()) -> Collection:
        """Return a collection without aggregates, such as a read view, and create its indexes at start."""
        collection = self.database.collection(name)
        self._lifecycle.ensure(collection, indexes)
        return collection

    def repository(
        self,
        kind: type[A],
        name: str,
        *,
        indexes: Sequence[Index] = (),
        taken: Mapping[str, Taken] | None = None,
    ) -> MongoRepository[A]:
        """Make a repository whose events are published to the service's topic, and whose timers are fired."""
        has_timers = issubclass(kind, HasTimers)
        collection = self.collection(name, (*OUTBOX_INDEXES, *([WAKE_INDEX] if has_timers else []), *indexes))
        self.relay.watch(collection, self.topic)
        repository = MongoRepository(
            kind,
            collection,
            self.relay,
            source=self.source,
            new_id=self.new_id,
            outbox_cap=self.settings.outbox_cap,
            taken=taken,
            written=self.long_polls.wake,
        )
        if has_timers:
            self._waker.watch(repository)
        return repository

    def subscribe(
        self, topics: Sequence[str], reactions: Reactions, *, batch_handler: BatchHandler | None = None
    ) -> None:
        """React to the events on these topics.

        `batch_handler` does for a batch of events what the reactions do for each, at a lower price.

        Raises:
            ValueError: the service has a subscription: a group has one member, which knows all reactions.
        """
        if self.subscription is not None:
            message = f"{self.name} has a subscription; pass all its topics and reactions at once"
            raise ValueError(message)
        self._lifecycle.subscription = Subscription(
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
            kafka_answers=lambda: self._probe.is_answering,
        )

    @property
    def subscription(self) -> Subscription | None:
        """What it consumes, if anything."""
        return self._lifecycle.subscription

    @property
    def consumed_events(self) -> frozenset[type[Event]]:
        """The types of events that the service reacts to."""
        return self.subscription.events if self.subscription else frozenset()

    def fill(
        self,
        view: str,
        topics: Sequence[str],
        reactions: Reactions,
        *,
        needed: Callable[[], Awaitable[bool]] = always,
        is_awaited: bool = False,
    ) -> None:
        """Fill a new view by these reactions from the events that the subscription has passed before they existed.

        The service is not ready before one that `is_awaited` was read for the first time.
        """
        reader = partial(self.topic_reader, topics)
        filling = ViewFilling(view, reactions, reader, self.filled_views, clock=self.clock, needed=needed)
        self._jobs.add(FILL_AGAIN_S, filling.fill_view, first_s=0.0, again_s=LOOK_AGAIN_S)
        if is_awaited:
            self.filled_views.awaited.add(view)

    def topic_reader(self, topics: Sequence[str] | None = None) -> TopicReader:
        """Make a reader of the subscribed topics, or of these among them, from the beginning, beside the subscription.

        Raises:
            ValueError: the service consumes nothing.
        """
        if self.subscription is None:
            message = f"{self.name} has no subscription"
            raise ValueError(message)
        consumed = self.subscription.dead_letter_topics.values() if topics is None else topics
        return TopicReader(consumed, self.kafka, group=self.subscription.group, parse=self.contracts.parse)

    def before_start(self, prepare: Callable[[], Awaitable[object]]) -> None:
        """Run this once the database can be reached, before any request or event; several replicas may do so."""
        self._lifecycle.before_start(prepare)

    def every(self, seconds: float, job: Job) -> None:
        """Run a job after every `seconds`, in each replica."""
        self._jobs.add(seconds, job)

    def app(
        self, *routers: APIRouter, description: str, texts: ApiTexts = NO_TEXTS, authority: Authority | None = None
    ) -> FastAPI:
        """Make the app, which starts and stops the service; `texts` describe its fields.

        `authority` knows what callers may do beside what their tokens say.
        """
        keys = keys_of(self.settings)
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
            authority=authority or TokensAlone(),
            elsewhere=texts.elsewhere,
        )
        operations = build_operations(
            self.name,
            database=self.database,
            relay=self.relay,
            reaches_kafka=lambda: self._reaches_kafka,
            handles_events=lambda: self._handles_events,
            has_views=self.filled_views.has_awaited,
        )
        dead_letters = build_dead_letters(self.name, self._dead_letters())
        app = make_app(
            app_context,
            (*routers, dead_letters, operations, build_entrance()),
            self._lifecycle.run,
            description=description,
            texts=texts,
        )
        app.state.service = self  # for tests that inspect the composition
        return app

    def _dead_letters(self) -> DeadLetterService:
        """Compose the dead letters, which every replica collects into the same store."""
        subscription = self.subscription
        topics = {} if subscription is None else subscription.dead_letter_topics
        collection = self.collection("dead_letters", DEAD_LETTER_INDEXES)
        tail = Tail(self.kafka, client_id=f"{self.name}.dead-letters")
        self._lifecycle.on_stop(tail.stop)
        collector = DeadLetterCollector(self.name, collection, topics=topics, tail=tail)
        store = DeadLetterStore(
            collection, self.database, topics=topics, new_id=self.new_id, lease_s=self.settings.dead_letter_lease_s
        )
        self.every(self.settings.dead_letter_interval_s, collector.catch_up)
        self.every(self.settings.dead_letter_interval_s, store.measure)
        return DeadLetterService(
            store,
            handle=ignore if subscription is None else subscription.handle_again,
            read_at=partial(record_at, self.kafka),
            replay_s=self.settings.dead_letter_lease_s * 2 / 3,
        )

    async def _give_numbers_back(self) -> None:
        """Leave no gap in the numbers by a restart; where the database is away there is one."""
        if not self.database.is_away:
            await self.numbers.give_back()

    @property
    def _reaches_kafka(self) -> bool:
        publishers = (self._relay_publisher, self._answers_publisher)
        return self._probe.is_answering and not any(publisher.is_failing for publisher in publishers)

    @property
    def _handles_events(self) -> bool:
        return self._lifecycle.is_consuming and (self.subscription is None or self.subscription.is_handling)
