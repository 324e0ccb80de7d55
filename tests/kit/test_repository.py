"""The one-document write: one suite for the fake and for MongoDB."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any, Protocol

import pytest

from deploy.local.mongo import Mongo
from shared.kit.domain import MAX_EVENT_BYTES, NotFound
from shared.kit.messaging.outbox import OUTBOX_INDEXES
from shared.kit.service.clock import new_id
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import DuplicateKey
from shared.kit.storage.inbox import INBOX_SIZE, KEYS_KEPT
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import ANY_VERSION, ATTEMPTS, Repository
from shared.kit.storage.repository_errors import (
    BacklogFull,
    ConcurrentUpdate,
    EventTooLarge,
    Gone,
    IdTaken,
    VersionMismatch,
)
from shared.kit.testing import MemoryRepository
from tests.kit.jars import NOON, Jar, Label, because, filled_jar
from tests.kit.metrics import metric

CAP = 5
LABEL = Label(price=Decimal("19.90"), best_before=date(2026, 12, 24), printed_at=NOON)


class Shelf(Protocol):
    """A repository, and what it keeps."""

    @property
    def jars(self) -> Repository[Jar]: ...

    async def kept(self, id_: str) -> Document | None:
        """`version`, `sequence`, `amount`, `label`, `inbox` and `outbox`, as stored."""
        ...

    async def forget_causes(self, id_: str) -> None: ...

    async def publish(self, id_: str) -> None:
        """Take the events out, as the relay does."""
        ...

    def rival(self) -> "Shelf":
        """The same jars as another process sees them, for another event loop."""
        ...


class MemoryShelf:
    def __init__(self) -> None:
        self.jars: MemoryRepository[Jar] = MemoryRepository(Jar, source="/kit", new_id=new_id, outbox_cap=CAP)

    async def kept(self, id_: str) -> Document | None:
        document = self.jars.documents.get(id_)
        return document and {**document["state"], **{name: document[name] for name in document if name != "state"}}

    async def forget_causes(self, id_: str) -> None:
        self.jars.documents[id_]["inbox"] = []

    async def publish(self, id_: str) -> None:
        self.jars.documents[id_]["outbox"] = []

    def rival(self) -> Shelf:
        return self


class Hints:
    """An outbox that only remembers."""

    def __init__(self) -> None:
        self.is_full = False
        self.documents: list[Document] = []

    def hint(self, collection: Collection, document: Document) -> None:
        self.documents.append(document)


class MongoShelf:
    def __init__(self, database: Database, url: str) -> None:
        self.database, self.url, self.hints = database, url, Hints()
        self.collection = database.collection("jars")
        self.jars: MongoRepository[Jar] = MongoRepository(
            Jar, self.collection, self.hints, source="/kit", new_id=new_id, outbox_cap=CAP
        )

    async def kept(self, id_: str) -> Document | None:
        return await self.collection.get(id_)

    async def forget_causes(self, id_: str) -> None:
        await self.collection.update({"_id": id_}, {"$set": {"inbox": []}})

    async def publish(self, id_: str) -> None:
        await self.collection.update({"_id": id_}, {"$set": {"outbox": []}, "$unset": {"due": ""}})

    def rival(self) -> Shelf:
        return MongoShelf(connect(self.url, self.database.name), self.url)


@pytest.fixture
def memory_shelf() -> Shelf:
    return MemoryShelf()


@pytest.fixture
async def mongo_shelf(database: Database, mongo: Mongo) -> MongoShelf:
    shelf = MongoShelf(database, mongo.url)
    number = Index([("number", 1)], unique=True, partial={"number": {"$type": "int"}}, name="number")
    await shelf.collection.ensure((*OUTBOX_INDEXES, number))
    return shelf


@pytest.fixture(params=["memory", "mongo"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    found: Shelf = request.getfixturevalue(f"{request.param}_shelf")
    return found


def meanwhile(do: Callable[[], Awaitable[object]]) -> None:
    """Let another process be faster: its work is done when this returns."""

    async def work() -> None:
        await do()

    thread = Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()


async def test_a_creation_repeated_by_its_cause_is_a_success_without_effect(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1", 3), because("create"))
    await shelf.jars.change("j1", lambda jar: jar.fill(4), because("fill"))

    again = await shelf.jars.add(filled_jar("j1", 3), because("create"))

    assert (again.amount, again.version) == (7, 2)
    kept = await shelf.kept("j1")
    assert kept is not None
    assert (kept["amount"], kept["version"], kept["sequence"], len(kept["outbox"])) == (7, 2, 2, 2)


async def test_an_id_belongs_to_the_cause_that_created_it(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    with pytest.raises(IdTaken):
        await shelf.jars.add(filled_jar("j1"), because("another"))


async def test_a_creation_is_recognised_when_its_cause_has_left_the_ring(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1", 3), because("create"))
    await shelf.forget_causes("j1")
    assert (await shelf.jars.add(filled_jar("j1", 3), because("create"))).amount == 3


async def test_a_repeated_cause_changes_nothing(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    for _ in range(3):
        changed = await shelf.jars.change("j1", lambda jar: jar.fill(10), because("fill"))
        assert changed.amount == 11
    kept = await shelf.kept("j1")
    assert kept is not None
    assert (kept["version"], kept["sequence"], len(kept["outbox"])) == (2, 2, 2)


async def test_one_event_may_change_a_document_in_two_steps(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    cause = because("event")
    await shelf.jars.change("j1", lambda jar: jar.fill(10), cause.step("first"))
    assert (await shelf.jars.change("j1", lambda jar: jar.fill(10), cause.step("second"))).amount == 21


async def test_with_an_emptied_ring_a_repeat_is_a_no_op_by_state(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    await shelf.jars.change("j1", lambda jar: jar.fill_up_to(5), because("fill"))
    await shelf.forget_causes("j1")

    await shelf.jars.change("j1", lambda jar: jar.fill_up_to(5), because("fill"))

    kept = await shelf.kept("j1")
    assert kept is not None
    assert (kept["amount"], kept["version"], kept["sequence"], kept["inbox"]) == (5, 2, 2, [])


async def test_the_ring_of_causes_forgets_the_oldest(shelf: Shelf) -> None:
    await shelf.jars.add(Jar(id="j1"), because("create"))
    for n in range(INBOX_SIZE):
        await shelf.jars.change("j1", lambda jar: jar.stick_on(None if jar.label else LABEL), because(f"c{n}"))
    kept = await shelf.kept("j1")
    assert kept is not None
    assert kept["inbox"] == [f"c{n}" for n in range(INBOX_SIZE)]


async def test_the_cause_of_a_request_with_a_key_outlives_the_ring(shelf: Shelf) -> None:
    keyed = replace(because("key:1"), has_key=True)
    await shelf.jars.add(Jar(id="j1"), because("create"))
    await shelf.jars.change("j1", lambda jar: jar.fill(1), keyed)
    for n in range(INBOX_SIZE):
        await shelf.jars.change("j1", lambda jar: jar.stick_on(None if jar.label else LABEL), because(f"c{n}"))
    again = await shelf.jars.change("j1", lambda jar: jar.fill(1), keyed, expected_version=1)
    assert (again.amount, again.version) == (1, INBOX_SIZE + 2)


async def test_the_cause_of_a_request_is_forgotten_some_time_after_its_key(shelf: Shelf) -> None:
    await shelf.jars.add(Jar(id="j1"), because("create"))
    for day in range(4):
        cause = replace(because(f"key:{day}"), has_key=True, at=NOON + day * KEYS_KEPT)
        await shelf.jars.change("j1", lambda jar: jar.fill(1), cause)
    kept = await shelf.kept("j1")
    assert kept is not None
    assert [entry["cause"] for entry in kept["keyed"]] == ["key:2", "key:3"]


async def test_any_version_fits_a_change_of_what_is_there(shelf: Shelf) -> None:
    await shelf.jars.add(Jar(id="j1"), because("create"))
    await shelf.jars.change("j1", lambda jar: jar.fill(1), because("fill"), expected_version=ANY_VERSION)
    with pytest.raises(NotFound):
        await shelf.jars.change("j2", lambda jar: jar.fill(1), because("fill"), expected_version=ANY_VERSION)


async def test_what_follows_from_a_changed_field_is_written_with_it(shelf: Shelf) -> None:
    """Queries find a document by what is stored, such as the keys of a search."""
    await shelf.jars.add(filled_jar("j1"), because("create"))
    for change, keys in ((lambda jar: jar.fill(1), ["amount:2"]), (Jar.throw_away, [])):
        await shelf.jars.change("j1", change, because(f"to {keys}"))
        kept = await shelf.kept("j1")
        assert kept is not None
        assert kept["found_by"] == keys


async def test_an_action_that_changes_nothing_writes_nothing(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1", 3), because("create"))
    before = await shelf.kept("j1")
    same = await shelf.jars.change("j1", lambda jar: jar.fill_up_to(2), because("fill"))
    assert same.version == 1
    assert await shelf.kept("j1") == before


async def test_a_concurrent_change_is_not_lost(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    runs = 0

    def fill(jar: Jar) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            meanwhile(lambda: shelf.rival().jars.change("j1", lambda jar: jar.fill(100), because("rival")))
        jar.fill(10)

    changed = await shelf.jars.change("j1", fill, because("fill"))

    assert runs == 2
    assert (changed.amount, changed.version, changed.sequence) == (111, 3, 3)
    kept = await shelf.kept("j1")
    assert kept is not None
    assert [entry["headers"]["ce_sequence"] for entry in kept["outbox"]] == ["1", "2", "3"]


async def test_the_same_cause_applied_concurrently_is_applied_once(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))

    def fill(jar: Jar) -> None:
        meanwhile(lambda: shelf.rival().jars.change("j1", lambda jar: jar.fill(10), because("fill")))
        jar.fill(10)

    assert (await shelf.jars.change("j1", fill, because("fill"))).amount == 11


async def test_many_changes_at_once_all_hold(shelf: Shelf) -> None:
    await shelf.jars.add(Jar(id="j1"), because("create"))
    await asyncio.gather(*(shelf.jars.change("j1", lambda jar: jar.fill(1), because(f"c{n}")) for n in range(4)))
    assert (await shelf.jars.get("j1")).amount == 4


async def test_a_race_lost_too_often_is_told(shelf: Shelf) -> None:
    await shelf.jars.add(Jar(id="j1"), because("create"))
    rivals = 0

    def fill(jar: Jar) -> None:
        nonlocal rivals
        rivals += 1
        label = None if jar.label else LABEL
        meanwhile(lambda: shelf.rival().jars.change("j1", lambda jar: jar.stick_on(label), because(f"r{rivals}")))
        jar.fill(1)

    with pytest.raises(ConcurrentUpdate):
        await shelf.jars.change("j1", fill, because("fill"))
    assert rivals == 1 + ATTEMPTS  # the first run is on the aggregate as this process wrote it last
    assert (await shelf.jars.get("j1")).amount == 0


async def test_a_field_set_to_none_becomes_none(shelf: Shelf) -> None:
    jar = Jar(id="j1", label=LABEL)
    await shelf.jars.add(jar, because("create"))
    await shelf.jars.change("j1", lambda jar: jar.stick_on(None), because("clear"))
    assert (await shelf.jars.get("j1")).label is None
    kept = await shelf.kept("j1")
    assert kept is not None
    assert kept["label"] is None


async def test_a_change_writes_the_changed_fields_alone(mongo_shelf: MongoShelf) -> None:
    """What is stored beside them stays as it is, though the aggregate was loaded with it."""
    await mongo_shelf.jars.add(filled_jar("j1"), because("create"))
    await mongo_shelf.collection.update({"_id": "j1"}, {"$unset": {"label": 1}})
    await mongo_shelf.jars.change("j1", lambda jar: jar.fill(1), because("fill"))
    kept = await mongo_shelf.kept("j1")
    assert kept is not None
    assert "label" not in kept
    await mongo_shelf.jars.change("j1", lambda jar: jar.stick_on(LABEL), because("label"))
    assert (await mongo_shelf.jars.get("j1")).label == LABEL


async def test_an_old_copy_is_refused(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    await shelf.jars.change("j1", lambda jar: jar.fill(1), because("a"), expected_version=1)
    with pytest.raises(VersionMismatch):
        await shelf.jars.change("j1", lambda jar: jar.fill(1), because("b"), expected_version=1)
    # The request that was answered already is answered again, although its copy is old by now.
    assert (await shelf.jars.change("j1", lambda jar: jar.fill(1), because("a"), expected_version=1)).amount == 2


async def test_what_never_was_is_not_found(shelf: Shelf) -> None:
    with pytest.raises(NotFound):
        await shelf.jars.change("j1", lambda jar: jar.fill(1), because("a"))
    assert await shelf.jars.find("j1") is None


async def test_a_tombstone_stays_and_goes_on_counting(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    await shelf.jars.change("j1", lambda jar: jar.throw_away(), because("throw away"))

    kept = await shelf.kept("j1")
    assert kept is not None
    assert (kept["version"], kept["sequence"]) == (2, 2)
    with pytest.raises(Gone):
        await shelf.jars.get("j1")
    with pytest.raises(Gone):
        await shelf.jars.change("j1", lambda jar: jar.fill(1), because("late"))
    assert await shelf.jars.find("j1") is None


async def test_a_deletion_at_another_moment_than_its_event_tells_is_refused(shelf: Shelf) -> None:
    """Else what is rebuilt from events would differ from what is stored."""
    await shelf.jars.add(filled_jar("j1"), because("create"))
    with pytest.raises(ValueError, match="at another moment"):
        await shelf.jars.change("j1", lambda jar: jar.throw_away(NOON + timedelta(seconds=1)), because("late"))
    assert await shelf.jars.find("j1") is not None


async def test_the_id_of_something_deleted_is_never_used_again(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    await shelf.jars.change("j1", lambda jar: jar.throw_away(), because("throw away"))
    with pytest.raises(IdTaken):
        await shelf.jars.add(filled_jar("j1"), because("another"))


async def test_an_event_over_the_limit_is_refused_before_the_write(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    before = await shelf.kept("j1")
    with pytest.raises(EventTooLarge):
        await shelf.jars.change("j1", lambda jar: jar.fill(1, "x" * MAX_EVENT_BYTES), because("too much"))
    assert await shelf.kept("j1") == before
    jar = Jar(id="j2")
    jar.fill(1, "x" * MAX_EVENT_BYTES)
    with pytest.raises(EventTooLarge):
        await shelf.jars.add(jar, because("too much"))
    assert await shelf.kept("j2") is None


async def test_a_document_takes_no_more_events_than_its_outbox_may_hold(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))
    for n in range(CAP - 1):
        await shelf.jars.change("j1", lambda jar: jar.fill(1), because(f"c{n}"))
    before = await shelf.kept("j1")
    with pytest.raises(BacklogFull):
        await shelf.jars.change("j1", lambda jar: jar.fill(1), because("one more"))
    assert await shelf.kept("j1") == before
    # What publishes nothing goes on, and so does everything once the relay has been there.
    await shelf.jars.change("j1", lambda jar: jar.stick_on(LABEL), because("label"))
    await shelf.publish("j1")
    assert (await shelf.jars.change("j1", lambda jar: jar.fill(1), because("one more"))).amount == CAP + 1


async def test_version_counts_writes_and_sequence_counts_events(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))

    def fill_twice(jar: Jar) -> None:
        jar.fill(1)
        jar.fill(2)

    await shelf.jars.change("j1", fill_twice, because("twice"))
    await shelf.jars.change("j1", lambda jar: jar.stick_on(LABEL), because("silent"))
    jar = await shelf.jars.change("j1", lambda jar: jar.fill(3), because("once"))

    assert (jar.version, jar.sequence) == (4, 4)
    kept = await shelf.kept("j1")
    assert kept is not None
    assert [entry["headers"]["ce_sequence"] for entry in kept["outbox"]] == ["1", "2", "3", "4"]
    assert len({entry["id"] for entry in kept["outbox"]}) == 4


async def test_an_event_carries_its_cause(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), replace(because("create"), roles=("admin", "sales"), bulk_id="run"))
    kept = await shelf.kept("j1")
    assert kept is not None
    headers = kept["outbox"][0]["headers"]
    assert headers["ce_actorroles"] == "admin sales"
    assert headers["ce_bulkid"] == "run"
    assert headers["ce_subject"] == "j1"
    assert headers["ce_source"] == "/kit"
    assert headers["ce_actor"] == "user:ann"
    assert headers["ce_correlationid"] == "chain of create"
    assert headers["ce_time"] == NOON.isoformat()
    assert kept["outbox"][0]["value"] == b'{"amount":1,"text":""}'


async def test_an_event_that_the_relay_took_away_meanwhile_does_not_come_back(shelf: Shelf) -> None:
    await shelf.jars.add(filled_jar("j1"), because("create"))

    def fill(jar: Jar) -> None:
        meanwhile(lambda: shelf.rival().publish("j1"))
        jar.fill(10)

    await shelf.jars.change("j1", fill, because("fill"))

    kept = await shelf.kept("j1")
    assert kept is not None
    assert [entry["headers"]["ce_sequence"] for entry in kept["outbox"]] == ["2"]


async def test_decimals_dates_and_times_come_back_as_they_were(shelf: Shelf) -> None:
    await shelf.jars.add(Jar(id="j1", label=LABEL), because("create"))
    label = (await shelf.jars.get("j1")).label
    assert label == LABEL
    assert label is not None
    assert isinstance(label.price, Decimal)
    assert str(label.price) == "19.90"
    assert label.printed_at.utcoffset() is not None


async def test_due_is_the_servers_time_and_set_only_with_events(mongo_shelf: MongoShelf) -> None:
    earliest = await mongo_shelf.database.now()
    await mongo_shelf.jars.add(Jar(id="silent"), because("create"))
    await mongo_shelf.jars.add(filled_jar("loud"), because("create"))
    silent, loud = await mongo_shelf.kept("silent"), await mongo_shelf.kept("loud")
    assert silent is not None
    assert loud is not None
    assert "due" not in silent
    assert earliest <= loud["due"] <= await mongo_shelf.database.now()

    await mongo_shelf.publish("loud")
    await mongo_shelf.jars.change("loud", lambda jar: jar.stick_on(LABEL), because("silent"))
    after: Any = await mongo_shelf.kept("loud")
    assert "due" not in after
    await mongo_shelf.jars.change("loud", lambda jar: jar.fill(1), because("loud"))
    after = await mongo_shelf.kept("loud")
    assert after["due"] >= loud["due"]


async def test_the_relay_is_told_of_the_document_as_it_is_after_the_write(mongo_shelf: MongoShelf) -> None:
    await mongo_shelf.jars.add(filled_jar("j1"), because("create"))
    await mongo_shelf.jars.change("j1", lambda jar: jar.fill(1), because("fill"))
    await mongo_shelf.jars.change("j1", lambda jar: jar.stick_on(LABEL), because("silent"))
    told = [(document["version"], len(document["outbox"])) for document in mongo_shelf.hints.documents]
    assert told == [(1, 1), (2, 2)]


async def test_whoever_waits_for_a_document_is_told_of_each_of_its_writes(mongo_shelf: MongoShelf) -> None:
    written: list[str] = []
    jars: MongoRepository[Jar] = MongoRepository(
        Jar, mongo_shelf.collection, Hints(), source="/kit", new_id=new_id, written=written.append
    )
    await jars.add(filled_jar("j1"), because("create"))
    await jars.add(filled_jar("j1"), because("create"))
    await jars.change("j1", lambda jar: jar.fill(1), because("fill"))
    await jars.change("j1", lambda jar: None, because("nothing"))
    assert written == ["j1", "j1"]


async def test_nothing_with_events_is_taken_in_while_the_backlog_is_full(mongo_shelf: MongoShelf) -> None:
    await mongo_shelf.jars.add(Jar(id="j1"), because("create"))
    mongo_shelf.hints.is_full = True
    refused = metric("crm_outbox_refused_writes_total", collection="jar")
    assert refused is not None
    with pytest.raises(BacklogFull):
        await mongo_shelf.jars.change("j1", lambda jar: jar.fill(1), because("fill"))
    assert metric("crm_outbox_refused_writes_total", collection="jar") == refused + 1
    await mongo_shelf.jars.change("j1", lambda jar: jar.stick_on(LABEL), because("label"))


async def test_a_serial_number_in_use_is_replaced_by_the_next(mongo_shelf: MongoShelf) -> None:
    await mongo_shelf.jars.add(Jar(id="imported", number=1), because("import"))
    numbers = Numbers(mongo_shelf.database.collection("counters"))
    jar = await mongo_shelf.jars.add_numbered(lambda n: Jar(id="j1", number=n), because("create"), numbers)
    assert jar.number == 2


async def test_a_duplicate_is_told_by_the_index_that_refused_it(database: Database, mongo_shelf: MongoShelf) -> None:
    await mongo_shelf.jars.add(Jar(id="j1", number=7), because("create"))
    with pytest.raises(DuplicateKey) as refused:
        await mongo_shelf.jars.add(Jar(id="j2", number=7), because("create"))
    assert refused.value.index == "number"

    named = MongoRepository(
        Jar,
        mongo_shelf.collection,
        mongo_shelf.hints,
        source="/kit",
        new_id=new_id,
        taken={"number": lambda holder: IdTaken(f"by {holder}")},
    )
    with pytest.raises(IdTaken, match=r"^by j1$"):
        await named.add(Jar(id="j2", number=7), because("create"))
