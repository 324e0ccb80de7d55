"""Which version of the projection is live, on the real MongoDB (TL-11)."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from services.timeline.entry.store.entries import Entries
from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.store.versions import NotNext, ProjectionVersions, live_collections
from services.timeline.entry.usecases import project_events
from shared.kit.storage.connection import Database, connect
from tests.stack import DropLater
from tests.timeline.events import lead_renamed


@pytest.fixture
async def database(mongo: Mongo, drop_later: DropLater) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"test_{uuid4().hex[:8]}_timeline")
    yield database
    drop_later(database.name)
    database.close()


@pytest.fixture
async def versions(database: Database) -> ProjectionVersions:
    found = ProjectionVersions(database)
    await found.ensure_live()
    return found


@pytest.fixture
def replica(versions: ProjectionVersions) -> LiveEntries:
    """One that has not looked at the pointer yet."""
    return LiveEntries(versions)


async def deliver(replica: LiveEntries, *events: Envelope[Event]) -> None:
    for event in events:
        await replica.write(lambda version, event=event: project_events([event], entries=version))  # type: ignore[misc]


async def shown(replica: LiveEntries, lead: str) -> list[str]:
    found, _ = await replica.page(ElementRef(type="lead", id=lead), None, limit=50, cursor=None)
    return [entry.event_id for entry, _ in found]


async def projected(entries: Entries) -> set[str]:
    return {document["_id"] for document in await entries.entries.find({})}


async def test_at_first_the_collections_with_plain_names_are_live(
    database: Database, versions: ProjectionVersions
) -> None:
    entries, marks = await live_collections(database)
    assert (entries.name, marks.name) == ("entries", "marks")


async def test_a_switched_projection_is_what_everybody_reads(
    database: Database, versions: ProjectionVersions, replica: LiveEntries
) -> None:
    """Also a replica that has just read the old one."""
    old, new = lead_renamed("l1"), lead_renamed("l1")
    await deliver(replica, old)
    assert await shown(replica, "l1") == [old.id]
    number = await versions.reserve()
    await versions.version(number).ensure()
    await versions.begin(number)
    await project_events([new], entries=versions.version(number))
    assert await versions.switch(number) == 1
    assert await shown(replica, "l1") == [new.id]
    entries, marks = await live_collections(database)
    assert (entries.name, marks.name) == ("entries_2", "marks_2")


async def test_what_comes_while_one_is_built_is_written_to_both(
    versions: ProjectionVersions, replica: LiveEntries
) -> None:
    """Also by a replica that knows nothing of it yet."""
    await deliver(replica, lead_renamed("l1"))
    number = await versions.reserve()
    await versions.begin(number)
    event = lead_renamed("l1")
    await deliver(replica, event)
    assert await projected(versions.version(number)) == {event.id}
    assert event.id in await projected(versions.version(1))


async def test_what_a_paused_replica_writes_to_the_old_version_is_written_to_the_new_one_too(
    versions: ProjectionVersions, replica: LiveEntries
) -> None:
    """It stands still in the middle of its work, while a whole rebuild comes and goes."""
    await deliver(replica, lead_renamed("l1"))
    event = lead_renamed("l1")
    number = await versions.reserve()

    async def paused(version: Entries) -> None:
        if version.entries.name == "entries":
            await versions.begin(number)
            await versions.switch(number)
        await project_events([event], entries=version)

    await replica.write(paused)
    assert event.id in await projected(versions.version(1))
    assert await projected(await versions.live()) == {event.id}


async def test_no_entry_can_be_read_that_the_next_version_lacks(
    versions: ProjectionVersions, replica: LiveEntries
) -> None:
    """Otherwise it would vanish at the switch, for as long as the second write takes."""
    await versions.begin(await versions.reserve())
    written: list[str] = []

    async def note(version: Entries) -> None:
        written.append(version.entries.name)

    await replica.write(note)
    assert written == ["entries_2", "entries"]


async def test_what_a_paused_replica_read_was_live_at_that_moment(
    versions: ProjectionVersions, replica: LiveEntries
) -> None:
    """The old one is dropped under its hands."""
    event = lead_renamed("l1")
    await deliver(replica, event)
    number = await versions.reserve()
    await versions.begin(number)
    await deliver(LiveEntries(versions), event)
    await versions.switch(number)
    await versions.drop(1)
    assert await shown(replica, "l1") == [event.id]


async def test_only_the_version_that_is_built_can_become_live(versions: ProjectionVersions) -> None:
    with pytest.raises(NotNext):
        await versions.switch(7)
    await versions.begin(3)
    await versions.abandon(3)
    with pytest.raises(NotNext):
        await versions.switch(3)
    assert (await versions.pointer()).targets == (1,)


async def test_a_switch_done_twice_is_done_once(versions: ProjectionVersions) -> None:
    """The replica that switched died before it could record that."""
    await versions.begin(2)
    assert await versions.switch(2) == 1
    assert await versions.switch(2) == 1
    assert (await versions.pointer()).targets == (2,)


async def test_an_older_version_does_not_come_back(versions: ProjectionVersions) -> None:
    """A replica that was paused goes on with a rebuild that was given up long ago."""
    await versions.begin(3)
    await versions.begin(2)
    assert (await versions.pointer()).next == 3
    await versions.switch(3)
    await versions.begin(2)
    assert (await versions.pointer()).targets == (3,)


async def test_what_is_in_use_is_not_dropped(versions: ProjectionVersions, replica: LiveEntries) -> None:
    await versions.begin(2)
    event = lead_renamed("l1")
    await deliver(replica, event)
    for number in (1, 2):
        await versions.drop(number)
        assert await projected(versions.version(number)) == {event.id}


async def test_a_number_is_given_once(versions: ProjectionVersions) -> None:
    assert [await versions.reserve() for _ in range(3)] == [2, 3, 4]
