"""Which generation of the projection is live, on the real MongoDB (TL-11)."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from services.timeline.adapters.generations import Generations, LiveEntries, NotNext, live_collections
from services.timeline.adapters.mongo import Entries
from services.timeline.usecases.tell_events import tell_events
from shared.kit.storage.connection import Database, connect
from shared.kit.web.auth import Caller
from tests.stack import DropLater
from tests.timeline.events import lead_renamed

ANN = Caller("user:ann", frozenset({"user"}), frozenset())


@pytest.fixture
async def database(mongo: Mongo, drop_later: DropLater) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"test_{uuid4().hex[:8]}_timeline")
    yield database
    drop_later(database.name)
    database.close()


@pytest.fixture
async def generations(database: Database) -> Generations:
    found = Generations(database)
    await found.ensure_live()
    return found


@pytest.fixture
def replica(generations: Generations) -> LiveEntries:
    """One that has not looked at the pointer yet."""
    return LiveEntries(generations)


async def deliver(replica: LiveEntries, *events: Envelope[Event]) -> None:
    for event in events:
        await replica.write(lambda generation, event=event: tell_events([event], entries=generation))  # type: ignore[misc]


async def shown(replica: LiveEntries, lead: str) -> list[str]:
    found, _ = await replica.page(ElementRef(type="lead", id=lead), [], access=ANN, limit=50, cursor=None)
    return [entry.event_id for entry in found]


async def told(entries: Entries) -> set[str]:
    return {document["event_id"] for document in await entries.entries.find({})}


async def test_at_first_the_collections_with_plain_names_are_live(database: Database, generations: Generations) -> None:
    entries, marks = await live_collections(database)
    assert (entries.name, marks.name) == ("entries", "marks")


async def test_a_switched_projection_is_what_everybody_reads(
    database: Database, generations: Generations, replica: LiveEntries
) -> None:
    """Also a replica that has just read the old one."""
    old, new = lead_renamed("l1"), lead_renamed("l1")
    await deliver(replica, old)
    assert await shown(replica, "l1") == [old.id]
    number = await generations.reserve()
    await generations.generation(number).ensure()
    await generations.begin(number)
    await tell_events([new], entries=generations.generation(number))
    assert await generations.switch(number) == 1
    assert await shown(replica, "l1") == [new.id]
    entries, marks = await live_collections(database)
    assert (entries.name, marks.name) == ("entries_2", "marks_2")


async def test_what_is_heard_while_one_is_built_is_told_to_both(generations: Generations, replica: LiveEntries) -> None:
    """Also by a replica that knows nothing of it yet."""
    await deliver(replica, lead_renamed("l1"))
    number = await generations.reserve()
    await generations.begin(number)
    event = lead_renamed("l1")
    await deliver(replica, event)
    assert await told(generations.generation(number)) == {event.id}
    assert event.id in await told(generations.generation(1))


async def test_what_a_paused_replica_tells_to_the_old_one_is_told_to_the_new_one_too(
    generations: Generations, replica: LiveEntries
) -> None:
    """It stands still in the middle of its work, while a whole rebuild comes and goes."""
    await deliver(replica, lead_renamed("l1"))
    event = lead_renamed("l1")
    number = await generations.reserve()

    async def paused(generation: Entries) -> None:
        if generation.entries.name == "entries":
            await generations.begin(number)
            await generations.switch(number)
        await tell_events([event], entries=generation)

    await replica.write(paused)
    assert event.id in await told(generations.generation(1))
    assert await told(await generations.live()) == {event.id}


async def test_nobody_reads_an_entry_that_the_next_generation_lacks(
    generations: Generations, replica: LiveEntries
) -> None:
    """Otherwise it would vanish at the switch, for as long as the second write takes."""
    await generations.begin(await generations.reserve())
    written: list[str] = []

    async def note(generation: Entries) -> None:
        written.append(generation.entries.name)

    await replica.write(note)
    assert written == ["entries_2", "entries"]


async def test_what_a_paused_replica_read_was_live_at_that_moment(
    generations: Generations, replica: LiveEntries
) -> None:
    """The old one is dropped under its hands."""
    event = lead_renamed("l1")
    await deliver(replica, event)
    number = await generations.reserve()
    await generations.begin(number)
    await deliver(LiveEntries(generations), event)
    await generations.switch(number)
    await generations.drop(1)
    assert await shown(replica, "l1") == [event.id]


async def test_only_the_generation_that_is_built_can_become_live(generations: Generations) -> None:
    with pytest.raises(NotNext):
        await generations.switch(7)
    await generations.begin(3)
    await generations.abandon(3)
    with pytest.raises(NotNext):
        await generations.switch(3)
    assert (await generations.pointer()).written == (1,)


async def test_a_switch_done_twice_is_done_once(generations: Generations) -> None:
    """Whoever switched died before it could say so."""
    await generations.begin(2)
    assert await generations.switch(2) == 1
    assert await generations.switch(2) == 1
    assert (await generations.pointer()).written == (2,)


async def test_an_older_generation_does_not_come_back(generations: Generations) -> None:
    """A replica that was paused goes on with a rebuild that was given up long ago."""
    await generations.begin(3)
    await generations.begin(2)
    assert (await generations.pointer()).next == 3
    await generations.switch(3)
    await generations.begin(2)
    assert (await generations.pointer()).written == (3,)


async def test_what_is_in_use_is_not_dropped(generations: Generations, replica: LiveEntries) -> None:
    await generations.begin(2)
    event = lead_renamed("l1")
    await deliver(replica, event)
    for number in (1, 2):
        await generations.drop(number)
        assert await told(generations.generation(number)) == {event.id}


async def test_a_number_is_given_once(generations: Generations) -> None:
    assert [await generations.reserve() for _ in range(3)] == [2, 3, 4]
