"""A change that starts from what its own process wrote last: it reads nothing, and nothing else is decided by that.

The shelf's rival is another process, of which this one knows nothing.
"""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from deploy.local.mongo import Mongo
from shared.kit.domain import MAX_EVENT_BYTES, Cause, Invalid
from shared.kit.messaging.outbox import OUTBOX_INDEXES
from shared.kit.service.clock import new_id
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.documents import Document
from shared.kit.storage.inbox import INBOX_SIZE
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.repository_errors import Gone, VersionMismatch
from shared.kit.storage.stored import (
    MOST_PENDING,
    MOST_PENDING_BYTES,
    REMEMBERED,
    REMEMBERED_S,
    LastWritten,
    Stored,
)
from tests.kit.jars import NOON, Jar, Label, because, filled_jar
from tests.kit.test_repository import Hints


class Counting(MongoRepository[Jar]):
    """A repository that counts what it reads, and keeps from what it writes, beside what is stored then."""

    def __init__(self, database: Database, *, outbox_cap: int = 200) -> None:
        self.hints, self.reads = Hints(), 0
        self.writes: list[tuple[Stored[Jar], Stored[Jar] | None]] = []
        super().__init__(
            Jar, database.collection("jars"), self.hints, source="/kit", new_id=new_id, outbox_cap=outbox_cap
        )

    async def _load(self, id_: str) -> Stored[Jar] | None:
        self.reads += 1
        return await super()._load(id_)

    async def _write(self, loaded: Stored[Jar], changed: Document, cause: Cause, entries: list[Document]) -> bool:
        self.writes.append((loaded, await super()._load(loaded.aggregate.id)))
        return await super()._write(loaded, changed, cause, entries)


@pytest.fixture
async def jars(database: Database) -> Counting:
    jars = Counting(database)
    await jars.collection.ensure(OUTBOX_INDEXES)
    await jars.add(filled_jar("j1", 3), because("create"))
    return jars


@pytest.fixture
async def others(jars: Counting, database: Database, mongo: Mongo) -> Counting:
    """The same jars as another process keeps them."""
    return Counting(connect(mongo.url, database.name))


def refuse_below(amount: int, jar: Jar) -> None:
    if jar.amount < amount:
        message = f"There are only {jar.amount}."
        raise Invalid(message)
    jar.fill(-amount)


async def test_steps_of_one_process_read_nothing_between_them(jars: Counting) -> None:
    for step in range(5):
        await jars.change("j1", lambda jar: jar.fill(1), because(f"step {step}"))
    assert jars.reads == 0
    kept = await jars.get("j1")
    assert (kept.amount, kept.version, kept.sequence) == (8, 6, 6)


async def test_what_others_wrote_meanwhile_is_not_lost(jars: Counting, others: Counting) -> None:
    await others.change("j1", lambda jar: jar.fill(100), because("theirs"))
    changed = await jars.change("j1", lambda jar: jar.fill(1), because("ours"))
    assert (changed.amount, changed.version, changed.sequence) == (104, 3, 3)
    assert jars.reads == 1


async def test_a_refusal_is_decided_on_what_is_stored(jars: Counting, others: Counting) -> None:
    await others.change("j1", lambda jar: jar.fill(7), because("theirs"))
    assert (await jars.change("j1", lambda jar: refuse_below(10, jar), because("ours"))).amount == 0
    with pytest.raises(Invalid, match="only 0"):
        await jars.change("j1", lambda jar: refuse_below(1, jar), because("again"))


async def test_that_nothing_is_to_be_done_is_decided_on_what_is_stored(jars: Counting, others: Counting) -> None:
    await others.change("j1", lambda jar: jar.fill(-2), because("theirs"))
    assert (await jars.change("j1", lambda jar: jar.fill_up_to(2), because("ours"))).amount == 2


async def test_a_repeat_is_answered_with_what_is_stored(jars: Counting, others: Counting) -> None:
    await jars.change("j1", lambda jar: jar.fill(1), because("ours"))
    await others.change("j1", lambda jar: jar.fill(10), because("theirs"))
    assert (await jars.change("j1", lambda jar: jar.fill(1), because("ours"))).amount == 14


async def test_a_copy_is_old_or_new_by_what_is_stored(jars: Counting, others: Counting) -> None:
    await others.change("j1", lambda jar: jar.fill(1), because("theirs"))
    with pytest.raises(VersionMismatch):
        await jars.change("j1", lambda jar: jar.fill(1), because("old"), expected_version=1)
    assert (await jars.change("j1", lambda jar: jar.fill(1), because("new"), expected_version=2)).amount == 5


async def test_what_others_deleted_is_gone(jars: Counting, others: Counting) -> None:
    await others.change("j1", lambda jar: jar.throw_away(), because("theirs"))
    with pytest.raises(Gone):
        await jars.change("j1", lambda jar: jar.fill(1), because("ours"))


async def test_what_was_returned_stays_as_it_was(jars: Counting) -> None:
    returned = [await jars.change("j1", lambda jar: jar.fill(1), because(f"step {step}")) for step in range(3)]
    assert [(jar.amount, jar.version) for jar in returned] == [(4, 2), (5, 3), (6, 4)]


async def test_events_that_are_published_by_now_refuse_no_change(jars: Counting, database: Database) -> None:
    few = Counting(database, outbox_cap=4)
    await few.add(filled_jar("j2"), because("create"))
    await few.change("j2", lambda jar: jar.fill(1), because("first"))
    await jars.collection.update({"_id": "j2"}, {"$set": {"outbox": []}, "$unset": {"due": ""}})  # as the relay does

    def fill_thrice(jar: Jar) -> None:
        for _ in range(3):
            jar.fill(1)

    assert (await few.change("j2", fill_thrice, because("second"))).amount == 5


async def test_an_event_is_too_large_by_what_is_stored(jars: Counting, others: Counting) -> None:
    await others.change("j1", lambda jar: jar.fill(1), because("theirs"))
    changed = await jars.change(
        "j1", lambda jar: jar.fill(1, "x" * (MAX_EVENT_BYTES if jar.amount < 4 else 1)), because("ours")
    )
    assert changed.amount == 5


async def test_the_events_of_a_jar_that_was_released_are_hinted_again(jars: Counting, others: Counting) -> None:
    await jars.collection.update({"_id": "j1"}, {"$set": {"quarantined": {"type": "t"}}})
    await others.change("j1", lambda jar: jar.fill(1), because("in quarantine"))
    assert others.hints.documents == []
    await jars.collection.update({"_id": "j1"}, {"$unset": {"quarantined": ""}})
    await others.change("j1", lambda jar: jar.fill(1), because("released"))
    assert [len(hinted["outbox"]) for hinted in others.hints.documents] == [3]


async def test_what_is_remembered_is_what_is_stored(jars: Counting, database: Database) -> None:
    """With its bookkeeping, also of requests with a key."""

    def keyed(key: str) -> Cause:
        return replace(because(key), has_key=True)

    label = Label(price=Decimal("19.90"), best_before=date(2026, 12, 24), printed_at=NOON)
    others = Counting(database)
    await jars.add(filled_jar("j2"), keyed("create"))
    for number, step in enumerate((lambda jar: jar.fill(1), lambda jar: jar.stick_on(label), lambda jar: jar.fill(2))):
        assert await jars.written("j2") == await others.get("j2")
        await jars.change("j2", step, keyed(f"step {number}"))
    assert jars.reads == 0
    for ours, stored in jars.writes:
        assert stored is not None
        assert (ours.inbox, ours.created_by, list(ours.keyed)) == (stored.inbox, stored.created_by, list(stored.keyed))
        assert list(ours.outbox) == list(stored.outbox)


async def test_an_equal_value_is_remembered_as_it_is_stored(jars: Counting, others: Counting) -> None:
    """It is not written."""
    for price in ("1.0", "1.00"):
        label = Label(price=Decimal(price), best_before=date(2026, 12, 24), printed_at=NOON)
        changed = await jars.change("j1", partial(Jar.stick_on, label=label), because(price))
    stored = (await others.get("j1")).label
    assert stored is not None
    assert changed.label is not None
    assert str(changed.label.price) == str(stored.price) == "1.0"


async def test_changes_side_by_side_all_hold(jars: Counting, others: Counting) -> None:
    await asyncio.gather(
        *(
            each.change("j1", lambda jar: jar.fill(1), because(f"{place} {n}"))
            for n in range(3)
            for place, each in enumerate((jars, others))
        )
    )
    assert (await jars.get("j1")).amount == 9


async def test_whoever_waited_for_a_write_is_shown_what_it_left(jars: Counting, others: Counting) -> None:
    """Without reading it; of what this process has not written, what is stored."""
    await jars.change("j1", lambda jar: jar.fill(1), because("ours"))
    assert ((await jars.written("j1")).amount, jars.reads) == (4, 0)
    assert ((await others.written("j1")).amount, others.reads) == (4, 1)


def kept(id_: str, *, version: int = 1, pending: int = 0, value: bytes = b"", causes: int = 1) -> Stored[Jar]:
    return Stored(
        Jar(id=id_, version=version), frozenset(map(str, range(causes))), [{"value": value}] * pending, "create"
    )


def test_it_is_remembered_for_a_moment_and_for_one_change() -> None:
    now = 100.0
    jars: LastWritten[Jar] = LastWritten(clock=lambda: now)
    jars.remember(kept("j1"))
    jars.remember(kept("j2"))
    assert jars.take("j1") is not None
    assert jars.take("j1") is None
    now += REMEMBERED_S
    assert jars.find("j2") is None
    jars.remember(kept("j3"))
    assert len(jars) == 1


def test_the_newest_of_those_written_is_remembered_up_to_a_number() -> None:
    jars: LastWritten[Jar] = LastWritten()
    for number in range(REMEMBERED + 1):
        jars.remember(kept(f"j{number}"))
    assert jars.find("j0") is None
    assert jars.find("j1") is not None
    jars.remember(kept("j1", version=3))
    jars.remember(kept("j1", version=2))
    found = jars.find("j1")
    assert found is not None
    assert found.version == 3


@pytest.mark.parametrize(
    "grown",
    [
        kept("j1", pending=MOST_PENDING + 1),
        kept("j1", pending=1, value=bytes(MOST_PENDING_BYTES + 1)),
        kept("j1", causes=2 * INBOX_SIZE + 1),
    ],
    ids=["events", "bytes", "causes"],
)
def test_what_has_grown_is_read_anew(grown: Stored[Jar]) -> None:
    """Most of it has left the document meanwhile."""
    jars: LastWritten[Jar] = LastWritten()
    jars.remember(grown)
    assert jars.find("j1") is None
