"""A rebuild at work, on the real Kafka and MongoDB: built, compared, switched or not (TL-11).

The live service is played by its own code: a `LiveEntries` that projects events, and a group that has committed them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event
from crm_contracts.timeline import TimelineEntryBound

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from services.timeline.entry.store.entries import Entries
from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.store.versions import ProjectionVersions
from services.timeline.entry.usecases import project_events
from services.timeline.rebuild.domain import Rebuild, RebuildRunning
from services.timeline.rebuild.store.comparison import VersionComparison
from services.timeline.rebuild.store.rebuilds import ONE_OPEN, REBUILD_INDEXES, REBUILDS, RebuildViews
from services.timeline.rebuild.usecases.control_rebuild import accept_differences, cancel_rebuild, start_rebuild
from services.timeline.rebuild.usecases.run_rebuild import run_rebuild
from services.timeline.rebuild.usecases.sweep_generations import sweep_generations
from shared.kit.domain import Cause
from shared.kit.leases.lease import Lease
from shared.kit.messaging.topic_reader import Batch, TopicReader
from shared.kit.settings import KafkaSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository
from tests.deadlines import DEADLINE_S
from tests.kit.topics import Topics
from tests.kit.waiting import eventually
from tests.stack import DropLater
from tests.timeline.events import AT, contacts_attached, lead_renamed, ref, said

pytestmark = pytest.mark.real_kafka


class NoOutbox:
    """Rebuilds publish nothing."""

    is_full = False

    def hint(self, collection: Collection, document: Document) -> None:
        raise AssertionError(collection.name)


@dataclass
class Site:
    """One replica of the timeline service, and the log that it consumes."""

    database: Database
    topics: Topics
    topic: str
    settings: KafkaSettings

    def __post_init__(self) -> None:
        self.group = f"test.{uuid4().hex[:8]}"
        self.versions = ProjectionVersions(self.database)
        self.live = LiveEntries(self.versions)
        self.rebuilds: MongoRepository[Rebuild] = MongoRepository(
            Rebuild,
            self.database.collection(REBUILDS),
            NoOutbox(),
            source="/crm/timeline",
            new_id=_new_id,
            taken={ONE_OPEN: RebuildRunning.by},
        )
        self.views = RebuildViews(self.rebuilds)

    async def publish(self, *events: Envelope[Event]) -> None:
        for event in events:
            headers = [(name, value.encode()) for name, value in event.headers().items()]
            await self.topics.put(self.topic, event.subject.encode(), event.body(), headers)

    async def deliver(self, *events: Envelope[Event]) -> None:
        """Project them into the live version."""
        for event in events:
            await self.live.write(lambda version, event=event: project_events([event], entries=version))  # type: ignore[misc]

    async def commit(self) -> None:
        """The live service has handled all that is on the topic."""
        consumer = AIOKafkaConsumer(**self.settings.connection(), group_id=self.group, enable_auto_commit=False)
        await consumer.start()
        try:
            place = TopicPartition(self.topic, 0)
            consumer.assign([place])
            await consumer.commit(await consumer.end_offsets([place]))
        finally:
            await consumer.stop()

    async def happen(self, *events: Envelope[Event]) -> None:
        """Publish, project and commit them."""
        await self.publish(*events)
        await self.deliver(*events)
        await self.commit()

    async def start(self) -> Rebuild:
        given = {"rebuilds": self.rebuilds, "views": self.views, "versions": self.versions}
        return await start_rebuild(_new_id(), because(), **given)  # type: ignore[arg-type]

    async def run(self, holder: str = "a", *, held_s: float = 10, log: Callable[[], Any] | None = None) -> None:
        await run_rebuild(
            lease=Lease(holder, self.rebuilds, self.database.now, _new_id, held_s, actor="service:timeline"),
            views=self.views,
            versions=self.versions,
            comparing=VersionComparison(self.versions),
            open_log=log or self.log,
        )

    def log(self, kind: type[TopicReader] = TopicReader) -> TopicReader:
        return kind((self.topic,), self.settings, group=self.group, parse=registry.parse)

    async def sweep(self, *, kept_s: float) -> None:
        await sweep_generations(
            views=self.views,
            rebuilds=self.rebuilds,
            versions=self.versions,
            server_time=self.database.now,
            new_id=_new_id,
            kept_s=kept_s,
        )

    async def live_number(self) -> int:
        return (await self.versions.pointer()).live


def _new_id() -> str:
    return str(uuid4())


def because() -> Cause:
    return Cause(_new_id(), "user:ann", AT, correlation_id="c1")


async def contents(entries: Entries) -> list[Document]:
    return [
        document
        for collection in (entries.entries, entries.overrides)
        for document in await collection.find({}, sort=[("_id", 1)])
    ]


def a_history() -> list[Envelope[Event]]:
    """Events of several elements, and a binding by hand that stands before its event."""
    events: list[Envelope[Event]] = [lead_renamed(f"l{number % 3}", seconds=number) for number in range(30)]
    events.append(contacts_attached("d1", "ada", "bob"))
    binding = said(TimelineEntryBound(entry_event_id=events[4].id, element=ref("deal:d1")), source="/crm/timeline")
    return [binding, *events]


@pytest.fixture
async def site(mongo: Mongo, kafka: Kafka, drop_later: DropLater) -> AsyncIterator[Site]:
    given = {name.removeprefix("KAFKA_").lower(): value for name, value in kafka.environment.items()}
    database = connect(mongo.url, f"test_{uuid4().hex[:8]}_timeline")
    topics = Topics(kafka.bootstrap_servers)
    await topics.start()
    site = Site(database, topics, await topics.make(), KafkaSettings.model_validate(given))
    await site.versions.ensure_live()
    await site.rebuilds.collection.ensure(REBUILD_INDEXES)
    yield site
    await topics.stop()
    drop_later(database.name)
    database.close()


async def test_an_equal_projection_is_switched(site: Site) -> None:
    """Entries, marks, and copies of what was bound by hand."""
    events = a_history()
    await site.happen(*events)
    before = await contents(await site.versions.live())
    started = await site.start()
    await site.run()
    ended = await site.rebuilds.get(started.id)
    assert (ended.state, ended.read, ended.total) == ("switched", len(events), len(events))
    assert ended.comparison is not None
    assert (ended.comparison.differences, ended.comparison.marks) == (0, 1)
    assert await site.live_number() == started.generation
    assert await contents(await site.versions.live()) == before
    assert ended.comparison.entries + ended.comparison.marks == len(before)


async def test_an_empty_log_makes_an_empty_projection(site: Site) -> None:
    started = await site.start()
    await site.run()
    assert (await site.rebuilds.get(started.id)).state == "switched"


@pytest.mark.parametrize(
    ("harm", "kind", "fields"),
    [
        ({"_id": {"$exists": True}}, "extra", ()),
        ({}, "missing", ()),
        ({"lines": [{"text": "in other words"}]}, "different", ("lines",)),
    ],
)
async def test_a_different_projection_is_not_switched(
    site: Site, harm: dict[str, Any], kind: str, fields: tuple[str, ...]
) -> None:
    """The live one lacks an entry, has one that no event made, or has one in other words."""
    event, other = lead_renamed("l1"), lead_renamed("l1")
    await site.happen(event, other)
    id_ = event.id
    live = (await site.versions.live()).entries
    if kind == "extra":
        assert await live.delete({"_id": id_}) == 1
    elif kind == "missing":
        id_ = str(uuid4())
        await live.insert({"_id": id_})
    else:
        assert await live.update({"_id": id_}, {"$set": harm})
    started = await site.start()
    await site.run()
    ended = await site.rebuilds.get(started.id)
    assert (ended.state, await site.live_number()) == ("differs", 1)
    assert ended.comparison is not None
    assert {name: getattr(ended.comparison, name) for name in ("missing", "extra", "different")} == {
        **dict.fromkeys(("missing", "extra", "different"), 0),
        kind: 1,
    }
    (example,) = ended.comparison.examples
    assert (example.id, example.kind, example.fields, example.collection) == (id_, kind, fields, "entries")


async def test_differences_that_are_accepted_are_switched(site: Site) -> None:
    """A changed narration puts the whole history in other words; what came since the comparison is there too."""
    event = lead_renamed("l1")
    await site.happen(event)
    live = (await site.versions.live()).entries
    await live.update({"_id": event.id}, {"$set": {"lines": [{"text": "in old words"}]}})
    started = await site.start()
    await site.run()
    later = lead_renamed("l1", seconds=5)
    await site.happen(later)
    await accept_differences(started.id, because(), rebuilds=site.rebuilds)
    await site.run()
    assert (await site.rebuilds.get(started.id)).state == "switched"
    documents = await (await site.versions.live()).entries.find({})
    texts = {line["text"] for document in documents for line in document["lines"]}
    assert texts == {"Changed: title"}
    assert {entry.event_id for entry in await site.live.of_event(later.id)} == {later.id}


async def test_what_the_live_service_has_not_heard_yet_is_no_difference(site: Site) -> None:
    """It is waited for, however far behind it is."""
    known, unheard = lead_renamed("l1"), lead_renamed("l1", seconds=1)
    await site.happen(known)
    await site.publish(unheard)
    started = await site.start()
    running = asyncio.create_task(site.run())

    async def waits() -> bool:
        return (await site.rebuilds.get(started.id)).state == "catching_up"

    await eventually(waits, "the rebuild waits for the live service")
    assert not running.done()
    await site.deliver(unheard)
    await site.commit()
    await running
    ended = await site.rebuilds.get(started.id)
    assert (ended.state, ended.comparison and ended.comparison.entries) == ("switched", 2)


async def test_a_replica_goes_on_where_another_one_stood_still(site: Site) -> None:
    """It does not begin again. The other one, paused for longer than it holds the rebuild, comes back to no effect."""
    events = a_history()
    await site.happen(*events)
    before = await contents(await site.versions.live())
    started = await site.start()
    awake, begun_at = asyncio.Event(), []

    class Paused(TopicReader):
        async def read(self, start: Any, ends: Any) -> AsyncIterator[Any]:
            async for batch in super().read(start, dict.fromkeys(ends, 15)):
                yield batch
            await awake.wait()
            async for batch in super().read(dict.fromkeys(ends, 15), ends):
                yield batch

    class Noted(TopicReader):
        async def read(self, start: Any, ends: Any) -> AsyncIterator[Any]:
            begun_at.append(set(start.values()))
            async for batch in super().read(start, ends):
                yield batch

    paused = asyncio.create_task(site.run("paused", held_s=2, log=lambda: site.log(Paused)))

    async def is_amid() -> bool:
        return (await site.rebuilds.get(started.id)).read == 15

    async def is_over() -> bool:
        await site.run("other", log=lambda: site.log(Noted))
        return (await site.rebuilds.get(started.id)).state == "switched"

    await eventually(is_amid, "it has saved how far it is")
    await eventually(is_over, "the other one takes it over")
    awake.set()
    await paused
    assert begun_at == [{15}]
    assert await contents(await site.versions.live()) == before
    assert await site.live_number() == started.generation


async def test_a_replica_leaves_alone_what_another_one_works_at(site: Site) -> None:
    started = await site.start()
    now = await site.database.now()
    await site.rebuilds.change(started.id, lambda found: found.hold("other", now=now, seconds=60), because())
    await site.run("me")
    assert (await site.rebuilds.get(started.id)).state == "building"


async def test_a_replica_that_is_stopped_lets_another_one_go_on_at_once(site: Site) -> None:
    await site.publish(lead_renamed("l1"))
    started = await site.start()
    running = asyncio.create_task(site.run("stopped", held_s=3600))

    async def waits() -> bool:
        return (await site.rebuilds.get(started.id)).state == "catching_up"

    await eventually(waits, "it works")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await site.rebuilds.get(started.id)).holder is None


async def test_a_cancelled_rebuild_ends_and_the_live_projection_stays(site: Site) -> None:
    """Also while a replica works at it; nothing is written to its version any more."""
    event = lead_renamed("l1")
    await site.publish(event)
    started = await site.start()
    running = asyncio.create_task(site.run())

    async def waits() -> bool:
        return (await site.rebuilds.get(started.id)).state == "catching_up"

    await eventually(waits, "it works")
    now = await site.database.now()
    await cancel_rebuild(started.id, because(), now=now, rebuilds=site.rebuilds, versions=site.versions)
    await asyncio.wait_for(running, DEADLINE_S)
    assert (await site.versions.pointer()).targets == (1,)
    await site.deliver(event)
    assert {entry.event_id for entry in await site.live.of_event(event.id)} == {event.id}


async def test_there_is_one_rebuild_at_a_time(site: Site) -> None:
    """Also where several operators ask at the same moment."""
    answers = await asyncio.gather(*(site.start() for _ in range(5)), return_exceptions=True)
    (started,) = [answer for answer in answers if isinstance(answer, Rebuild)]
    refused = [answer for answer in answers if isinstance(answer, RebuildRunning)]
    assert len(refused) == 4
    assert {refusal.details["rebuild_id"] for refusal in refused} == {started.id}
    await site.run()
    assert (await site.start()).generation > started.generation


async def test_what_was_live_is_dropped_after_a_while(site: Site) -> None:
    await site.happen(lead_renamed("l1"))
    started = await site.start()
    await site.run()
    await site.sweep(kept_s=3600)
    assert await contents(site.versions.version(1))
    await site.sweep(kept_s=0)
    await site.sweep(kept_s=0)
    assert await contents(site.versions.version(1)) == []
    assert (await site.rebuilds.get(started.id)).leftover is None
    assert await contents(await site.versions.live())


async def test_what_the_live_service_parks_is_counted_and_passed_over(site: Site) -> None:
    """What is no event, what is not known, and what can never be stored: the rest of its batch is projected."""
    good, untellable = lead_renamed("l1"), lead_renamed("x" * 20_000_000)
    await site.happen(good)
    headers = [(name, value.encode()) for name, value in good.headers().items()]
    await site.topics.put(site.topic, b"k", b"{", headers)
    await site.topics.put(site.topic, b"k", b"{}", [("ce_type", b"crm.elephant.born.v1")])
    await site.commit()
    started = await site.start()

    class Poisoned(TopicReader):
        """What Kafka would not take, the database does not take either."""

        async def read(self, start: Any, ends: Any) -> AsyncIterator[Any]:
            async for batch in super().read(start, ends):
                yield Batch([untellable, *batch.events], batch.unreadable, batch.unknown, batch.next)

    await site.run(
        log=lambda: site.log(Poisoned),
    )
    ended = await site.rebuilds.get(started.id)
    assert (ended.state, ended.unreadable, ended.unknown, ended.untold) == ("switched", 1, 1, 1)


async def test_a_rebuild_that_can_never_succeed_fails_and_says_why(site: Site) -> None:
    started = await site.start()
    await site.rebuilds.change(started.id, lambda found: setattr(found, "state", "switching"), because())
    await site.run()
    failed = await site.rebuilds.get(started.id)
    assert (failed.state, failed.reason, failed.open) == ("failed", "not_next", False)
    assert isinstance(await site.start(), Rebuild)
