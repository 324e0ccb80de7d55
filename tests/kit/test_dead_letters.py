"""Every parked record is on record once, with what was done about it, and is replayed in its service alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.topics import dead_letters
from prometheus_client import REGISTRY

from deploy.local.ports import free_port
from shared.kit.dead_letters.collector import DeadLetterCollector
from shared.kit.dead_letters.errors import AlreadyDiscarded, AlreadyReplayed, RecordGone, ReplayPostponed, ReplayRunning
from shared.kit.dead_letters.service import DeadLetterService
from shared.kit.dead_letters.store import DEAD_LETTER_INDEXES, DeadLetterStore
from shared.kit.domain import NotFound, NotYet, Unavailable
from shared.kit.messaging.handling import TRIES_IN_PLACE
from shared.kit.messaging.log_reader import KafkaUnavailable, Tail, record_at
from shared.kit.messaging.outbox import OUTBOX_INDEXES
from shared.kit.messaging.publishing import Publisher
from shared.kit.messaging.relay import Relay
from shared.kit.settings import KafkaSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from tests.deadlines import DEADLINE_S
from tests.kit.jars import Jar, because, filled_jar
from tests.kit.test_subscription import (
    MALFORMED,
    Handle,
    Listener,
    NoSuchShelf,
    Stage,
    envelope,
    wire,
    without,
)
from tests.kit.topics import Headers, Topics
from tests.kit.waiting import eventually

pytestmark = pytest.mark.real_kafka

ANN, BOB = "user:ann", "user:bob"


class Office:
    """The operators of one replica: its listener, and a store in the database that all replicas share."""

    def __init__(
        self, listener: Listener, database: Database, settings: KafkaSettings, *, replay_s: float = 20
    ) -> None:
        self.entries: Collection = database.collection("dead_letters")
        self.tail = Tail(settings, client_id="kit")
        topics = listener.subscription.dead_letter_topics
        self.collector = DeadLetterCollector("jars", self.entries, topics=topics, tail=self.tail)
        self.store = DeadLetterStore(self.entries, database, topics=topics, new_id=lambda: str(uuid4()), lease_s=30)
        self.dead_letters = DeadLetterService(
            self.store,
            handle=listener.subscription.handle_again,
            read_at=partial(record_at, settings),
            replay_s=replay_s,
        )

    async def entered(self, count: int = 1) -> list[Document]:
        """All entries, oldest first, once there are so many."""

        async def are_there() -> list[Document]:
            await self.collector.catch_up()
            found = await self.entries.find({}, sort=[("offset", 1)])
            return found if len(found) >= count else []

        return await eventually(are_there, f"{count} dead letters on record")

    async def one(self) -> str:
        """The id of the only entry."""
        (entry,) = await self.entered()
        return str(entry["_id"])


class Fixable:
    """A reaction with a bug, until it is fixed."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)
        self.reached = Counter[tuple[str, int]]()

    async def __call__(self, key: str, number: int) -> None:
        self.reached[key, number] += 1
        if key in self.broken:
            raise NoSuchShelf(f"no shelf for {key}")


Open = Callable[..., Awaitable[Office]]


@pytest.fixture
async def stage(topics: Topics, kafka_settings: KafkaSettings) -> AsyncIterator[Stage]:
    stage = Stage(topics, await topics.make(), kafka_settings)
    await stage.make_dead_letters()
    yield stage
    for listener in stage.listeners:
        await listener.subscription.stop()


@pytest.fixture
async def open_office(stage: Stage, database: Database) -> AsyncIterator[Open]:
    offices: list[Office] = []

    async def open_office(handle: Handle, *, replay_s: float = 20, **changes: Any) -> Office:
        listener = await stage.listen(handle, **changes)
        office = Office(listener, database, stage.settings, replay_s=replay_s)
        await office.entries.ensure(DEAD_LETTER_INDEXES)
        offices.append(office)
        return office

    yield open_office
    for office in offices:
        await office.tail.stop()


def gauge(name: str, topic: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"topic": topic})


def last(entry: Document) -> tuple[str, str, str | None, str | None]:
    action = entry["history"][-1]
    return action["action"], action["by"], action["outcome"], action["reason"]


async def test_what_was_parked_is_on_record_with_its_reason_and_place(stage: Stage, open_office: Open) -> None:
    office = await open_office(Fixable("a"))
    await stage.say("b", 1)
    await stage.say("a", 2)
    (entry,) = await office.entered()
    (parked,) = await stage.parked(1)
    assert entry["_id"] == f"{stage.parked_in}@0-{parked.timestamp:x}"
    assert (entry["state"], entry["topic"], entry["parked_in"]) == ("open", stage.topic, stage.parked_in)
    assert {name: entry["original"][name] for name in ("topic", "partition", "offset")} == {
        "topic": stage.topic,
        "partition": 0,
        "offset": 1,
    }
    assert (entry["type"], entry["event_id"], entry["key"]) == ("crm.element.company_refused.v1", "a/2", "a")
    assert (entry["reason"], entry["message"], entry["attempts"]) == ("no_such_shelf", "no shelf for a", 1)
    assert entry["truncated"] is False
    assert last(entry) == ("parked", "service:jars", "failed", "no_such_shelf")


async def test_a_replay_after_the_bug_is_fixed_handles_the_record_under_its_first_cause(
    stage: Stage, open_office: Open
) -> None:
    reaction = Fixable("a")
    office = await open_office(reaction)
    await stage.say("a", 1, 2)
    first, second = await office.entered(2)
    reaction.broken.clear()
    entry = await office.dead_letters.replay(first["_id"], by=ANN)
    assert entry["state"] == "replayed"
    assert last(entry) == ("replay", ANN, "done", None)
    (listener,) = stage.listeners
    assert listener.handled == [("a", 1)]
    assert [(cause.key, cause.correlation_id, cause.actor) for cause in listener.causes] == [
        ("a/1/_react", "chain of a", "user:ann")
    ]
    open_ones, _ = await office.store.page({"state": "open"}, limit=10, cursor=None)
    assert [each["_id"] for each in open_ones] == [second["_id"]]


async def test_what_was_replayed_is_left_alone_when_it_is_replayed_again(stage: Stage, open_office: Open) -> None:
    reaction = Fixable("a")
    office = await open_office(reaction)
    await stage.say("a", 1)
    id_ = await office.one()
    reaction.broken.clear()
    first = await office.dead_letters.replay(id_, by=ANN)
    assert await office.dead_letters.replay(id_, by=BOB) == first
    assert reaction.reached["a", 1] == 2


async def test_each_record_is_on_record_once_on_two_replicas_and_after_a_restart(
    stage: Stage, open_office: Open, database: Database
) -> None:
    first, second = await open_office(Fixable("a")), await open_office(Fixable("a"))
    await stage.say("a", *range(20))
    await stage.parked(20)
    await asyncio.gather(first.entered(20), second.entered(20))
    restarted = Office(stage.listeners[0], database, stage.settings)
    await stage.say("a", 20)
    entries = await restarted.entered(21)
    assert [entry["offset"] for entry in entries] == list(range(21))
    assert {len(entry["history"]) for entry in entries} == {1}
    assert len(await first.entered(21)) == len(await second.entered(21)) == 21
    await restarted.tail.stop()


async def test_a_record_parked_again_and_again_beside_a_failing_neighbour_is_one_dead_letter(
    stage: Stage, open_office: Open
) -> None:
    """The neighbour's failure brings the whole batch again, and with it the record that can never succeed."""
    failures = 0

    async def handle(key: str, number: int) -> None:
        nonlocal failures
        if key == "poison":
            raise NoSuchShelf
        if failures < 2 * TRIES_IN_PLACE:
            failures += 1
            raise Unavailable("the printer is away")

    await stage.say("poison", 1)
    await stage.say("neighbour", 1)
    office = await open_office(handle)
    await stage.all_committed(2)
    await stage.parked(3)

    async def are_known() -> Document | None:
        (entry,) = await office.entered()
        return entry if entry["last_offset"] == 2 else None

    entry = await eventually(are_known, "all three parkings on record")
    assert entry is not None
    assert [action["action"] for action in entry["history"]] == ["parked"] * 3


async def test_what_failed_again_after_its_replay_is_open_again_and_what_was_discarded_is_not(
    topics: Topics, stage: Stage, open_office: Open
) -> None:
    """As when a view is dropped and built anew from the topics."""
    reaction = Fixable("a", "b")
    office = await open_office(reaction)
    await stage.say("a", 1)
    await stage.say("b", 1)
    first, second = await office.entered(2)
    reaction.broken.clear()
    await office.dead_letters.replay(first["_id"], by=ANN)
    await office.dead_letters.discard(second["_id"], by=ANN, reason="a test")
    for parked in await stage.parked(2):
        await topics.put(stage.parked_in, parked.key, parked.value, parked.headers)

    async def are_known() -> bool:
        return {entry["last_offset"] for entry in await office.entered(2)} == {2, 3}

    await eventually(are_known, "both parkings on record")
    assert [(entry["key"], entry["state"]) for entry in await office.entered(2)] == [("a", "open"), ("b", "discarded")]


async def test_letters_of_a_topic_that_was_made_anew_are_on_record_beside_the_old_ones(
    topics: Topics, stage: Stage, open_office: Open
) -> None:
    """Both topics count from 0 again, so the same places hold other records."""
    office = await open_office(Fixable("a", "b"))
    await stage.say("a", 1, 2)
    old = await office.entered(2)
    await office.dead_letters.discard(old[0]["_id"], by=ANN, reason="a test")
    for topic in (stage.parked_in, stage.topic):
        await topics.make_anew(topic)
    await stage.say("b", 1)
    entries = await office.entered(3)
    assert Counter((entry["key"], entry["state"]) for entry in entries) == {
        ("a", "discarded"): 1,
        ("a", "open"): 1,
        ("b", "open"): 1,
    }
    new = next(entry["_id"] for entry in entries if entry["key"] == "b")
    record = await office.dead_letters.record(await office.store.get(new))
    assert record is not None
    assert record.key == b"b"
    assert await office.dead_letters.record(await office.store.get(old[0]["_id"])) is None
    with pytest.raises(RecordGone):
        await office.dead_letters.replay(old[1]["_id"], by=ANN)


async def test_a_restart_finds_that_a_topic_was_made_anew_and_has_more_than_before(
    topics: Topics, stage: Stage, open_office: Open, database: Database
) -> None:
    office = await open_office(Fixable("a", "b"))
    await stage.say("a", 1)
    await office.entered(1)
    await office.tail.stop()
    await topics.make_anew(stage.parked_in)
    await stage.say("b", *range(3))
    await stage.parked(3)
    restarted = Office(stage.listeners[0], database, stage.settings)
    entries = await restarted.entered(4)
    assert Counter(entry["key"] for entry in entries) == {"a": 1, "b": 3}
    await restarted.tail.stop()


async def test_letters_that_older_code_entered_keep_their_ids_and_are_entered_once(
    stage: Stage, open_office: Open, database: Database
) -> None:
    """Their ids are without the time, and they do not know that of their newest record."""
    reaction = Fixable("a", "b")
    office = await open_office(reaction)
    await stage.say("a", 1)
    (entry,) = await office.entered(1)
    id_ = f"{stage.parked_in}@0"
    await office.entries.delete({"_id": entry["_id"]})
    await office.entries.insert({**{name: entry[name] for name in entry if name != "last_at"}, "_id": id_})
    restarted = Office(stage.listeners[0], database, stage.settings)
    await stage.say("b", 1)
    assert id_ in {each["_id"] for each in await restarted.entered(2)}
    reread = Office(stage.listeners[0], database, stage.settings)
    await reread.tail.follow({stage.parked_in: None})
    assert len(await reread.entered(2)) == 2
    reaction.broken.clear()
    assert (await reread.dead_letters.replay(id_, by=ANN))["state"] == "replayed"
    await restarted.tail.stop()
    await reread.tail.stop()


async def test_the_index_of_older_code_is_replaced(database: Database) -> None:
    """It would refuse the letters of a topic that was made anew."""
    entries = database.collection("dead_letters")
    place = [("original.topic", 1), ("original.partition", 1), ("original.offset", 1)]
    await entries.ensure([Index(place, unique=True, name="original")])
    for _ in range(2):
        await entries.ensure(DEAD_LETTER_INDEXES)
    for number in range(2):
        original = {"topic": "t", "partition": 0, "offset": 0, "at": datetime.fromtimestamp(number, UTC)}
        await entries.insert({"_id": str(number), "original": original})


class Jars:
    """A real repository, whose relay never runs."""

    def __init__(self, database: Database, settings: KafkaSettings) -> None:
        self.collection = database.collection("jars")
        relay = Relay(database, Publisher(settings))
        relay.watch(self.collection, "nowhere")
        self.repository = MongoRepository(Jar, self.collection, relay, source="/kit", new_id=lambda: str(uuid4()))

    async def state(self) -> Document | None:
        return await self.collection.get("a")


async def test_a_replay_of_what_had_worked_after_all_changes_nothing(
    stage: Stage, open_office: Open, database: Database
) -> None:
    """The write succeeded, and what came after it failed: recognised by the inbox, and without it by the state."""
    jars = Jars(database, stage.settings)
    await jars.collection.ensure(OUTBOX_INDEXES)
    await jars.repository.add(filled_jar("a"), because("create"))
    is_broken = True

    async def handle(key: str, number: int) -> None:
        cause = because(f"{key}/{number}")
        await jars.repository.change(key, lambda jar: jar.fill_up_to(number), cause)
        if is_broken:
            raise RuntimeError

    office = await open_office(handle)
    await stage.say("a", 5, 7)
    first, second = await office.entered(2)
    before = await jars.state()
    assert before is not None
    assert (before["amount"], before["version"], len(before["outbox"])) == (7, 3, 3)
    is_broken = False
    assert (await office.dead_letters.replay(first["_id"], by=ANN))["state"] == "replayed"
    assert await jars.state() == before

    await jars.collection.update({"_id": "a"}, {"$set": {"inbox": []}})
    assert (await office.dead_letters.replay(second["_id"], by=ANN))["state"] == "replayed"
    assert await jars.state() == {**before, "inbox": []}


async def test_a_replay_that_fails_again_stays_open_and_is_not_parked_twice(stage: Stage, open_office: Open) -> None:
    office = await open_office(Fixable("a"))
    await stage.say("a", 1)
    id_ = await office.one()

    async def handle(key: str, number: int) -> None:
        raise RuntimeError("another bug")

    stage.listeners[0]._handle = handle
    entry = await office.dead_letters.replay(id_, by=ANN)
    assert (entry["state"], entry["attempts"]) == ("open", 2)
    assert (entry["reason"], entry["message"]) == ("RuntimeError", "another bug")
    assert [(each["action"], each["outcome"], each["reason"]) for each in entry["history"]] == [
        ("parked", "failed", "no_such_shelf"),
        ("replay", "failed", "RuntimeError"),
    ]
    assert len(await stage.parked(1)) == 1


async def test_a_replay_reaches_no_other_consumer_of_the_topic(
    topics: Topics, stage: Stage, open_office: Open, kafka_settings: KafkaSettings
) -> None:
    reaction = Fixable("a")
    office = await open_office(reaction)
    another = Listener(stage.topic, kafka_settings, f"other{uuid4().hex[:8]}", Fixable())
    await another.subscription.start()
    await stage.say("a", 1)
    await another.has_handled(("a", 1))
    id_ = await office.one()
    reaction.broken.clear()
    await office.dead_letters.replay(id_, by=ANN)
    await stage.say("b", 1)
    await another.has_handled(("b", 1))
    await another.subscription.stop()
    assert another.handled == [("a", 1), ("b", 1)]
    assert len(await topics.read(stage.topic, at_least=2)) == 2


async def test_of_two_replays_at_once_one_runs(stage: Stage, open_office: Open) -> None:
    reaction, begun, go_on = Fixable("a"), asyncio.Event(), asyncio.Event()
    office, other = await open_office(reaction), await open_office(reaction)
    await stage.say("a", 1)
    id_ = await office.one()

    async def handle(key: str, number: int) -> None:
        begun.set()
        await go_on.wait()

    for listener in stage.listeners:
        listener._handle = handle
    running = asyncio.create_task(office.dead_letters.replay(id_, by=ANN))
    await asyncio.wait_for(begun.wait(), DEADLINE_S)
    with pytest.raises(ReplayRunning):
        await other.dead_letters.replay(id_, by=BOB)
    with pytest.raises(ReplayRunning):
        await other.dead_letters.discard(id_, by=BOB, reason="in a hurry")
    go_on.set()
    entry = await running
    assert entry["state"] == "replayed"
    assert [each["by"] for each in entry["history"]] == ["service:jars", ANN]
    assert sum(len(listener.handled) for listener in stage.listeners) == 1


async def test_a_replay_that_died_is_on_record_and_holds_up_others_only_for_its_lease(
    stage: Stage, open_office: Open
) -> None:
    """The lease is a time of MongoDB's clock, which the replicas share."""
    reaction = Fixable("a")
    office = await open_office(reaction)
    await stage.say("a", 1)
    id_ = await office.one()
    reaction.broken.clear()
    dead = await office.store.begin_replay(id_, by=ANN)
    assert dead is not None
    with pytest.raises(ReplayRunning):
        await office.dead_letters.replay(id_, by=BOB)
    await office.entries.update({"_id": id_}, [{"$set": {"lease.until": "$$NOW"}}])
    entry = await office.dead_letters.replay(id_, by=BOB)
    assert entry["state"] == "replayed"
    assert [(each["by"], each["outcome"]) for each in entry["history"][1:]] == [(ANN, None), (BOB, "done")]

    # The one that was taken for dead comes to its end: that is on record, and changes nothing else.
    late = await office.store.end_replay(
        id_, dead["history"][-1]["id"], outcome="failed", tries=1, reason="late", message=""
    )
    assert (late["state"], late["attempts"], late["reason"]) == ("replayed", 2, "no_such_shelf")
    assert [each["outcome"] for each in late["history"]] == ["failed", "failed", "done"]


async def test_while_what_a_reaction_needs_is_away_a_replay_is_postponed(stage: Stage, open_office: Open) -> None:
    reaction = Fixable("a")
    office = await open_office(reaction)
    await stage.say("a", 1)
    id_ = await office.one()

    async def handle(key: str, number: int) -> None:
        raise Unavailable("the printer is away")

    stage.listeners[0]._handle = handle
    with pytest.raises(ReplayPostponed):
        await office.dead_letters.replay(id_, by=ANN)
    entry = await office.store.get(id_)
    assert (entry["state"], entry["reason"], entry["attempts"]) == ("open", "no_such_shelf", 1 + TRIES_IN_PLACE)
    assert last(entry) == ("replay", ANN, "postponed", "unavailable")
    reaction.broken.clear()
    stage.listeners[0]._handle = reaction
    assert (await office.dead_letters.replay(id_, by=ANN))["state"] == "replayed"


async def test_a_replay_that_takes_too_long_is_given_up_before_its_lease_ends(stage: Stage, open_office: Open) -> None:
    office = await open_office(Fixable("a"), replay_s=0.05)
    await stage.say("a", 1)
    id_ = await office.one()

    async def handle(key: str, number: int) -> None:
        await asyncio.Event().wait()

    stage.listeners[0]._handle = handle
    with pytest.raises(ReplayPostponed):
        await office.dead_letters.replay(id_, by=ANN)
    assert last(await office.store.get(id_)) == ("replay", ANN, "postponed", "TimeoutError")


async def test_a_replay_that_still_has_to_wait_has_failed_again(stage: Stage, open_office: Open) -> None:
    async def handle(key: str, number: int) -> None:
        raise NotYet("the lid is being made")

    office = await open_office(handle, redeliveries_while_waiting=1)
    await stage.say("a", 1)
    entry = await office.dead_letters.replay(await office.one(), by=ANN)
    assert (entry["state"], entry["reason"]) == ("open", "not_yet")


async def test_what_was_discarded_stays_on_record_with_its_first_reason(stage: Stage, open_office: Open) -> None:
    reaction = Fixable("a")
    office = await open_office(reaction)
    await stage.say("a", 1)
    id_ = await office.one()
    entry = await office.dead_letters.discard(id_, by=ANN, reason="a test record")
    assert entry["state"] == "discarded"
    assert last(entry) == ("discard", ANN, "done", "a test record")
    assert await office.dead_letters.discard(id_, by=BOB, reason="me too") == entry
    with pytest.raises(AlreadyDiscarded):
        await office.dead_letters.replay(id_, by=ANN)
    assert reaction.reached["a", 1] == 1
    assert len(await stage.parked(1)) == 1


async def test_what_was_replayed_cannot_be_discarded(stage: Stage, open_office: Open) -> None:
    reaction = Fixable("a")
    office = await open_office(reaction)
    await stage.say("a", 1)
    id_ = await office.one()
    reaction.broken.clear()
    await office.dead_letters.replay(id_, by=ANN)
    with pytest.raises(AlreadyReplayed):
        await office.dead_letters.discard(id_, by=ANN, reason="no need")


async def test_an_unknown_dead_letter_cannot_be_replayed_or_discarded(stage: Stage, open_office: Open) -> None:
    office = await open_office(Fixable())
    for attempt in (
        office.dead_letters.replay("no@1", by=ANN),
        office.dead_letters.discard("no@1", by=ANN, reason="none"),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_odd_records_are_on_record_shown_as_they_were_and_fail_again(
    topics: Topics, stage: Stage, open_office: Open
) -> None:
    office = await open_office(Fixable())
    for key, value, headers in MALFORMED.values():
        await topics.put(stage.topic, key, value, headers)
    for entry in await office.entered(len(MALFORMED)):
        name = list(MALFORMED)[entry["original"]["offset"]]
        key, value, headers = MALFORMED[name]
        record = await office.dead_letters.record(entry)
        assert record is not None
        kept = b"" if key is None and value is None else value  # the client sends no record without both
        assert (record.key, record.value, list(record.headers)) == (key, kept, list(headers)), name
        assert (record.topic, record.offset) == (stage.topic, entry["original"]["offset"])
        replayed = await office.dead_letters.replay(entry["_id"], by=ANN)
        assert (replayed["state"], last(replayed)) == ("open", ("replay", ANN, "failed", "MalformedEvent")), name
    assert len(await stage.parked(len(MALFORMED))) == len(MALFORMED)


async def test_a_record_may_not_say_itself_why_and_whence_it_was_parked(
    topics: Topics, stage: Stage, open_office: Open
) -> None:
    key, value, headers = wire("a", 1)
    forged: Headers = [
        ("dlt_original_topic", stage.topic.encode()),
        ("dlt_original_offset", b"77"),
        ("dlt_exception", b"nothing_at_all"),
        ("dlt_truncated", b"true"),
    ]
    await topics.put(stage.topic, key, value, [*forged, *headers])
    office = await open_office(Fixable("a"))
    (entry,) = await office.entered()
    assert (entry["original"]["offset"], entry["reason"], entry["truncated"]) == (0, "no_such_shelf", False)
    record = await office.dead_letters.record(entry)
    assert record is not None
    assert list(record.headers) == [*forged, *headers]


@pytest.mark.parametrize(
    "appended",
    [
        [],
        [("dlt_original_topic", b"elsewhere"), ("dlt_original_partition", b"0"), ("dlt_original_offset", b"0")],
        [("dlt_original_topic", None), ("dlt_original_offset", b"9" * 30), ("dlt_attempts", b"\xff")],
        [("dlt_original_timestamp", b"9" * 18), ("dlt_exception", None)],
    ],
    ids=["nothing", "another topic", "no numbers", "no such time"],
)
async def test_a_record_put_into_the_dead_letter_topic_by_hand_blocks_nothing(
    topics: Topics, stage: Stage, open_office: Open, appended: Headers
) -> None:
    office = await open_office(Fixable())
    key, value, headers = wire("a", 1)
    await topics.put(stage.parked_in, key, value, [*headers, *appended])
    await topics.put(stage.parked_in, key, value, headers)
    entries = await office.entered(2)
    assert [(entry["original"], entry["reason"]) for entry in entries] == [(None, "unknown")] * 2
    assert (await office.dead_letters.replay(entries[0]["_id"], by=ANN))["state"] == "replayed"


async def test_a_record_too_large_to_be_parked_is_replayed_from_its_topic(
    topics: Topics, stage: Stage, open_office: Open
) -> None:
    await topics.alter(stage.topic, max_message_bytes=str(6 * 1024 * 1024))
    key, value, headers = wire("a", 1)
    large = value[:-1] + b', "more": "' + b"x" * 5 * 1024 * 1024 + b'"}'
    await topics.put(stage.topic, key, large, headers)
    reaction = Fixable("a")
    office = await open_office(reaction)
    (entry,) = await office.entered()
    assert entry["truncated"] is True
    record = await office.dead_letters.record(entry)
    assert record is not None
    assert (record.value, list(record.headers)) == (large, headers)
    reaction.broken.clear()
    assert (await office.dead_letters.replay(entry["_id"], by=ANN))["state"] == "replayed"
    assert stage.listeners[0].handled == [("a", 1)]


async def test_a_large_record_is_kept_and_replayed_whole(topics: Topics, stage: Stage, open_office: Open) -> None:
    await topics.alter(stage.topic, max_message_bytes=str(3 * 1024 * 1024))
    key, _, headers = wire("a", 1)
    value = b"x" * 2 * 1024 * 1024
    await topics.put(stage.topic, key, value, headers)
    office = await open_office(Fixable())
    (entry,) = await office.entered()
    record = await office.dead_letters.record(entry)
    assert record is not None
    assert (record.value, entry["truncated"]) == (value, False)


async def test_a_type_that_nothing_reacts_to_any_more_stays_open(
    topics: Topics, stage: Stage, open_office: Open
) -> None:
    office = await open_office(Fixable())
    key, value, headers = wire("a", 1)
    unknown = [*without(headers, "ce_type"), ("ce_type", b"crm.something.old.v1")]
    await topics.put(stage.parked_in, key, value, unknown)
    entry = await office.dead_letters.replay(await office.one(), by=ANN)
    assert (entry["state"], last(entry)) == ("open", ("replay", ANN, "passed_over", None))


async def test_what_the_log_does_not_hold_cannot_be_replayed(stage: Stage, open_office: Open) -> None:
    office = await open_office(Fixable("a"))
    await stage.say("a", 1)
    id_ = await office.one()
    await office.entries.update({"_id": id_}, {"$set": {"last_offset": 1_000}})
    assert await office.dead_letters.record(await office.store.get(id_)) is None
    with pytest.raises(RecordGone):
        await office.dead_letters.replay(id_, by=ANN)
    assert len((await office.store.get(id_))["history"]) == 1


async def test_while_kafka_is_away_nothing_is_shown_and_nothing_is_attempted(
    stage: Stage, open_office: Open, database: Database
) -> None:
    office = await open_office(Fixable("a"))
    await stage.say("a", 1)
    id_ = await office.one()
    nowhere = stage.settings.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    cut_off = Office(stage.listeners[0], database, nowhere)
    for attempt in (cut_off.dead_letters.replay(id_, by=ANN), cut_off.collector.catch_up()):
        with pytest.raises(KafkaUnavailable):
            await attempt
    entry = await office.store.get(id_)
    assert (entry["state"], len(entry["history"])) == ("open", 1)


async def test_depth_and_age_are_measured_from_the_start(stage: Stage, open_office: Open) -> None:
    reaction = Fixable("a")
    office = await open_office(reaction)
    names = ("crm_dead_letters", "crm_dead_letters_oldest_age_seconds")
    assert [gauge(name, stage.parked_in) for name in names] == [0, 0]
    await stage.say("a", 1, 2, 3)
    first, second, _ = await office.entered(3)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    await office.entries.update({"_id": second["_id"]}, {"$set": {"parked_at": an_hour_ago}})
    await office.dead_letters.discard(first["_id"], by=ANN, reason="a test")
    await office.store.measure()
    depth, age = (gauge(name, stage.parked_in) or 0 for name in names)
    assert depth == 2
    assert 3_500 < age < 4_500
    reaction.broken.clear()
    for entry in await office.entered(3):
        if entry["state"] == "open":
            await office.dead_letters.replay(entry["_id"], by=ANN)
    await office.store.measure()
    assert [gauge(name, stage.parked_in) for name in names] == [0, 0]


async def test_the_newest_come_first_page_by_page_and_filtered(stage: Stage, open_office: Open, topics: Topics) -> None:
    office = await open_office(Fixable("a"))
    await stage.say("a", 1, 2, 3)
    await topics.put(stage.topic, b"a", b"{}", [])
    await office.entered(4)
    newest, cursor = await office.store.page({}, limit=3, cursor=None)
    oldest, end = await office.store.page({}, limit=3, cursor=cursor)
    assert [each["offset"] for each in newest + oldest] == [3, 2, 1, 0]
    assert end is None
    filters: list[tuple[dict[str, str | None], list[int]]] = [
        ({"reason": "MalformedEvent"}, [3]),
        ({"type": envelope("a", 1).type, "state": "open"}, [2, 1, 0]),
        ({"topic": stage.topic, "reason": None}, [3, 2, 1, 0]),
        ({"topic": dead_letters(stage.topic, "unknown")}, []),
    ]
    for wanted, offsets in filters:
        found, _ = await office.store.page(wanted, limit=10, cursor=None)
        assert [each["offset"] for each in found] == offsets, wanted
