"""From the document to the topic: nothing missing, in order, with several replicas and with Kafka away."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest

from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from shared.kit.messaging.hints import MAX_HINTED_BYTES
from shared.kit.messaging.outbox import OUTBOX_INDEXES, ROUND_BYTES
from shared.kit.messaging.publishing import Publisher
from shared.kit.messaging.relay import Relay
from shared.kit.messaging.sweeper import claim
from shared.kit.service.clock import new_id
from shared.kit.settings import KafkaSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository
from tests.kit.jars import Jar, because, filled_jar
from tests.kit.metrics import metric
from tests.kit.topics import Record, Topics, text
from tests.kit.waiting import eventually

FLUSH_S = 1.0
MUST_HAVE_STOPPED_S = 10 * FLUSH_S
"""Tried is that the deadline of the flush ends it: a busy machine takes longer than that, but not this long."""


class CountingPublisher(Publisher):
    """How often anything was sent."""

    sends = 0

    async def send(
        self, topic: str, key: str | bytes | None, value: bytes | None, headers: object
    ) -> "asyncio.Future[object]":
        self.sends += 1
        return await super().send(topic, key, value, headers)  # type: ignore[arg-type]


class Replica:
    """One process of a service: a repository and the relay that publishes what it writes."""

    def __init__(
        self,
        database: Database,
        topic: str,
        settings: KafkaSettings,
        *,
        sweep_interval_s: float = 0.05,
        sweep_grace_s: float = 30.0,
        max_hints: int = 10_000,
        max_hinted_bytes: int = MAX_HINTED_BYTES,
    ) -> None:
        self.database = database
        self.collection = database.collection("jars")
        self.publisher = CountingPublisher(settings)
        self.relay = Relay(
            database,
            self.publisher,
            sweep_interval_s=sweep_interval_s,
            sweep_grace_s=sweep_grace_s,
            max_hints=max_hints,
            max_hinted_bytes=max_hinted_bytes,
        )
        self.relay.watch(self.collection, topic)
        self.jars = MongoRepository(Jar, self.collection, self.relay, source="/kit", new_id=new_id, outbox_cap=10_000)

    async def add(self, *ids: str, text: str = "") -> None:
        for id_ in ids:
            jar = Jar(id=id_)
            jar.fill(1, text)
            await self.jars.add(jar, because(f"create {id_}"))

    async def fill(self, id_: str, amount: int = 1) -> None:
        await self.jars.change(id_, lambda jar: jar.fill(amount), because(uuid4().hex))

    async def pending(self) -> int:
        return await self.collection.count({"outbox": {"$ne": []}})

    async def settled(self) -> None:
        """Nothing is pending, and nothing is due."""

        async def is_settled() -> bool:
            return await self.pending() == 0 and await self.collection.count({"due": {"$exists": True}}) == 0

        await eventually(is_settled, "all events published and cleared")


Replicas = Callable[..., Awaitable[Replica]]


@pytest.fixture
async def topic(topics: Topics) -> str:
    return await topics.make(partitions=3)


@pytest.fixture
async def replica(database: Database, topic: str, kafka_settings: KafkaSettings) -> AsyncIterator[Replicas]:
    """Makes replicas; they are stopped in the end."""
    made: list[Replica] = []
    await database.collection("jars").ensure(OUTBOX_INDEXES)

    async def make(*, start: bool = True, settings: KafkaSettings | None = None, **options: float) -> Replica:
        replica = Replica(database, topic, settings or kafka_settings, **options)  # type: ignore[arg-type]
        made.append(replica)
        if start:
            await replica.relay.start()
        return replica

    yield make
    for replica in made:
        await replica.relay.stop(1.0)


def first_occurrences(records: list[Record]) -> dict[str, list[int]]:
    """The sequence numbers of each jar, as a reader counts them."""
    seen: set[str] = set()
    found: dict[str, list[int]] = defaultdict(list)
    for record in records:
        if (id_ := text(record, "ce_id")) not in seen:
            seen.add(id_)
            assert record.key is not None
            assert record.key.decode() == text(record, "ce_subject")
            found[record.key.decode()].append(int(text(record, "ce_sequence")))
    return found


def without_kafka(settings: KafkaSettings) -> KafkaSettings:
    """Nothing answers there."""
    return settings.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})


@pytest.mark.real_kafka
async def test_two_replicas_on_hot_documents_lose_nothing_and_keep_the_order(
    replica: Replicas, topic: str, topics: Topics
) -> None:
    """Each write is hinted at in its own process only, so that both publish the same documents all the time."""
    replicas = [await replica(sweep_grace_s=0.3), await replica(sweep_grace_s=0.3)]
    hot = [f"hot{n}" for n in range(3)]
    await replicas[0].add(*hot)

    async def write(one: Replica, id_: str) -> int:
        written = 0
        for n in range(60):
            try:
                await one.fill(id_, n)
                written += 1
            except Exception as error:  # noqa: BLE001 - a lost race is no event
                assert type(error).__name__ == "ConcurrentUpdate"  # noqa: PT017
        return written

    written = await asyncio.gather(*(write(one, id_) for one in replicas for id_ in hot for _ in range(2)))
    await replicas[0].settled()

    events = len(hot) + sum(written)
    records = await topics.read(topic, at_least=events)
    found = first_occurrences(records)
    assert sum(map(len, found.values())) == events
    for numbers in found.values():
        assert numbers == list(range(1, len(numbers) + 1))
    sends = sum(one.publisher.sends for one in replicas)
    print(f"{sends} sends for {events} events")  # noqa: T201 - the ratio is worth watching
    assert sends == len(records)
    assert sends < 4 * events


async def test_one_replica_sends_each_event_once(replica: Replicas, topic: str, topics: Topics) -> None:
    one = await replica()
    await one.add("hot")
    await asyncio.gather(*(one.fill("hot") for _ in range(4)))
    for _ in range(50):
        await one.fill("hot")
    await one.settled()
    assert one.publisher.sends == 55
    assert first_occurrences(await topics.read(topic, at_least=55)) == {"hot": list(range(1, 56))}


async def test_a_lost_hint_is_the_sweepers(replica: Replicas, topic: str, topics: Topics) -> None:
    writer = await replica(start=False)  # dies between its write and its publish
    await writer.add("j1", "j2")
    await writer.fill("j1")

    other = await replica(sweep_grace_s=0.1)
    await other.settled()

    assert first_occurrences(await topics.read(topic, at_least=3)) == {"j1": [1, 2], "j2": [1]}


async def test_an_event_sends_those_that_wait_before_it(replica: Replicas, topic: str, topics: Topics) -> None:
    """The writer of the second event publishes the first as well, which another process left behind."""
    writer = await replica(start=False)
    await writer.add("j1")
    other = await replica()
    await other.fill("j1")
    await other.settled()
    assert first_occurrences(await topics.read(topic, at_least=2)) == {"j1": [1, 2]}


async def test_hints_beyond_the_bound_are_the_sweepers(replica: Replicas, topic: str, topics: Topics) -> None:
    one = await replica(start=False, max_hints=2, sweep_grace_s=0.3)
    await one.add("j1", "j2", "j3", "j4")
    assert {id_ for _, id_ in one.relay._hints._pending} == {"j1", "j2"}
    await one.relay.start()
    await one.settled()
    assert sorted(first_occurrences(await topics.read(topic, at_least=4))) == ["j1", "j2", "j3", "j4"]


async def test_hints_are_bounded_by_what_they_hold_too(replica: Replicas, topic: str, topics: Topics) -> None:
    """However large the events are, those beyond the bound wait in their documents alone."""
    one = await replica(start=False, sweep_grace_s=0.1, max_hinted_bytes=10_000)
    await one.add("j1", "j2", "j3", "j4", text="x" * 4_000)
    assert len(one.relay._hints) == 2
    await one.add("j5", text="small")
    assert len(one.relay._hints) == 3
    await one.relay.start()
    await one.settled()
    assert set(first_occurrences(await topics.read(topic, at_least=5))) == {"j1", "j2", "j3", "j4", "j5"}
    assert one.relay._hints.size == 0


async def test_a_round_holds_a_bounded_number_of_bytes(replica: Replicas, topic: str) -> None:
    one = await replica(start=False, sweep_grace_s=-1.0)
    large = ROUND_BYTES // 20
    await one.add(*(f"j{n}" for n in range(30)), text="x" * large)
    for taken in (one.relay._hints.take(), await claim(one.collection, topic, await one.database.now())):
        assert 20 <= len(taken) <= 21


async def test_of_several_hints_the_newest_version_wins(replica: Replicas, topic: str, topics: Topics) -> None:
    one = await replica(start=False)
    await one.add("j1")
    old = await one.collection.get("j1")
    await one.fill("j1")
    assert old is not None
    one.relay.hint(one.collection, old)  # the slower task of two
    await one.relay.start()
    await one.settled()
    assert one.publisher.sends == 2
    assert first_occurrences(await topics.read(topic, at_least=2)) == {"j1": [1, 2]}


async def test_what_was_written_meanwhile_is_not_cleared(replica: Replicas, topic: str, topics: Topics) -> None:
    """The relay publishes an old copy, and takes out only what it has published."""
    one = await replica(start=False)
    await one.add("j1")
    old = await one.collection.get("j1")
    assert old is not None
    await one.fill("j1")
    later = await one.collection.get("j1")
    assert later is not None

    other = await replica(start=False)
    other.relay.hint(other.collection, old)
    await other.relay.stop(5.0)

    left = await one.collection.get("j1")
    assert left is not None
    assert [entry["headers"]["ce_sequence"] for entry in left["outbox"]] == ["2"]
    assert left["due"] == later["due"]

    await one.relay.start()
    await one.settled()
    assert first_occurrences(await topics.read(topic, at_least=2)) == {"j1": [1, 2]}


async def test_due_goes_with_the_last_event(replica: Replicas) -> None:
    """Also where the events are taken out one by one, because the document was changed in silence."""
    one = await replica(start=False)
    await one.add("j1")
    await one.jars.change("j1", lambda jar: setattr(jar, "number", 7), because("silent"))
    await one.relay.start()
    await one.settled()
    kept = await one.collection.get("j1")
    assert kept is not None
    assert "due" not in kept
    assert (kept["outbox"], kept["number"]) == ([], 7)


async def test_a_sweeper_leaves_alone_what_another_one_has_claimed(replica: Replicas) -> None:
    writer = await replica(start=False)
    await writer.add(*(f"j{n}" for n in range(20)))
    sweepers = [await replica(start=False, sweep_grace_s=0.0) for _ in range(3)]

    async def is_due() -> bool:
        return bool(
            await writer.database.now() > (await writer.collection.find({}, sort=[("due", -1)], limit=1))[0]["due"]
        )

    await eventually(is_due, "all are due")
    for sweeper in sweepers:
        sweeper.relay._grace *= 0
    taken = await asyncio.gather(*(sweeper.relay.sweep() for sweeper in sweepers))
    await writer.settled()
    assert sum(taken) >= 20
    assert sum(sweeper.publisher.sends for sweeper in sweepers) < 2 * 20


@pytest.mark.real_kafka
async def test_a_refused_event_keeps_back_its_own_document_only(
    replica: Replicas, topics: Topics, database: Database, kafka_settings: KafkaSettings
) -> None:
    small = await topics.make(max_message_bytes="2000")
    one = Replica(database, small, kafka_settings, sweep_grace_s=0.05)
    others = [f"j{n}" for n in range(10)]
    await one.add(*others[:5])
    await one.add("too large", text="x" * 3000)
    await one.add(*others[5:])
    await one.fill("too large")
    await one.relay.start()

    async def is_kept_back() -> list[dict[str, str]]:
        return await one.relay.quarantined()

    (kept,) = await eventually(is_kept_back, "the document is quarantined")
    assert (kept["collection"], kept["id"], kept["type"]) == ("jars", "too large", "kit.jar.filled.v1")
    document = await one.collection.get("too large")
    assert document is not None
    assert document["refusals"] == 3
    assert kept["event_id"] == document["outbox"][0]["id"]
    assert "due" not in document
    assert len(document["outbox"]) == 2

    await one.fill("j0")  # the partition goes on

    async def others_are_out() -> bool:
        return await one.pending() == 1

    await eventually(others_are_out, "all others are published")
    found = first_occurrences(await topics.read(small, at_least=11))
    assert found == {id_: [1, 2] if id_ == "j0" else [1] for id_ in others}

    await topics.alter(small, max_message_bytes="100000")
    assert not await one.relay.release("jars", "j0")
    assert not await one.relay.release("lids", "too large")
    assert await one.relay.release("jars", "too large")
    await one.settled()
    assert first_occurrences(await topics.read(small, at_least=13))["too large"] == [1, 2]
    assert await one.relay.quarantined() == []
    await one.relay.stop(1.0)


async def test_an_event_waits_in_its_document_while_kafka_is_away(
    replica: Replicas, topic: str, topics: Topics, kafka_settings: KafkaSettings
) -> None:
    cut_off = await replica(settings=without_kafka(kafka_settings), sweep_grace_s=0.1)
    await cut_off.add("j1", "j2")
    await cut_off.fill("j1")

    async def tried() -> bool:
        return cut_off.publisher.sends >= 4  # hinted at and swept

    await eventually(tried, "the relay tried")
    assert await cut_off.pending() == 2

    connected = await replica(sweep_grace_s=0.1)
    await connected.settled()
    assert first_occurrences(await topics.read(topic, at_least=3)) == {"j1": [1, 2], "j2": [1]}


@pytest.mark.real_kafka
async def test_what_was_written_while_kafka_was_dead_is_published_when_it_is_back(
    replica: Replicas, topic: str, topics: Topics, kafka: Kafka
) -> None:
    one, stopped = await replica(sweep_grace_s=0.2), await replica()
    await one.add("j1")
    await stopped.fill("j1")
    await one.settled()
    kafka.kill()
    try:
        for _ in range(4):
            await one.fill("j1")
        await stopped.add("j2")
        assert await one.pending() == 2
        await asyncio.wait_for(stopped.relay.stop(FLUSH_S), MUST_HAVE_STOPPED_S)
    finally:
        await asyncio.to_thread(kafka.restart)
    await one.settled()
    found = first_occurrences(await topics.read(topic, at_least=7))
    assert found == {"j1": list(range(1, 7)), "j2": [1]}


async def test_stopping_publishes_what_is_pending(replica: Replicas, topic: str, topics: Topics) -> None:
    for run in range(4):  # it hits the relay at another moment each time
        one = await replica()
        await asyncio.gather(*(one.add(f"j{run}.{n}") for n in range(50)))
        await one.relay.stop(5.0)
        assert await one.pending() == 0
    assert len(first_occurrences(await topics.read(topic, at_least=200))) == 200


async def test_while_kafka_is_away_one_attempt_speaks_for_all(replica: Replicas, kafka_settings: KafkaSettings) -> None:
    one = await replica(settings=without_kafka(kafka_settings), start=False)
    await asyncio.gather(*(one.add(f"j{n}") for n in range(50)))
    await one.relay.stop(5.0)
    assert one.publisher.sends == 1
    assert await one.pending() == 50


async def test_stopping_has_a_deadline_while_kafka_is_away(replica: Replicas, kafka_settings: KafkaSettings) -> None:
    one = await replica(settings=without_kafka(kafka_settings), sweep_grace_s=0.05)
    await asyncio.gather(*(one.add(f"j{n}") for n in range(50)))
    await asyncio.wait_for(one.relay.stop(FLUSH_S), MUST_HAVE_STOPPED_S)
    assert await one.pending() == 50


async def test_a_full_backlog_is_known_after_a_sweep(
    database: Database, topic: str, kafka_settings: KafkaSettings
) -> None:
    relay = Relay(database, Publisher(without_kafka(kafka_settings)), backlog_cap=2, sweep_interval_s=0.05)
    collection = database.collection("jars")
    await collection.ensure(OUTBOX_INDEXES)
    relay.watch(collection, topic)
    jars = MongoRepository(Jar, collection, relay, source="/kit", new_id=new_id)
    for n in range(3):
        await jars.add(filled_jar(f"j{n}"), because("create"))
    assert not relay.is_full
    await relay.start()

    async def is_full() -> bool:
        return relay.is_full

    await eventually(is_full, "the backlog is full")
    await relay.stop(0.5)


async def test_an_event_that_waited_is_measured_from_the_moment_it_happened(replica: Replicas) -> None:
    one = await replica(start=False)

    def seen(name: str, **more: str) -> float:
        return metric(f"crm_outbox_{name}", collection="jars", **more) or 0

    published, soon, ever = (
        seen("published_total"),
        seen("relay_duration_seconds_bucket", le="1800.0"),
        seen("relay_duration_seconds_bucket", le="+Inf"),
    )
    await one.add("j1")  # its cause is of long ago
    await one.relay.start()
    await one.settled()
    assert seen("published_total") == published + 1
    assert seen("relay_duration_seconds_bucket", le="1800.0") == soon
    assert seen("relay_duration_seconds_bucket", le="+Inf") == ever + 1


async def test_the_sweep_uses_its_index(database: Database) -> None:
    collection: Collection = database.collection("jars")
    await collection.ensure(OUTBOX_INDEXES)
    plan: Document = await collection.explain({"due": {"$lte": await database.now()}}, sort=[("due", 1)])
    assert plan["queryPlanner"]["winningPlan"]["inputStage"]["indexName"] == "due"
