"""What waits to be published is counted, and its age is that of the oldest event."""

from dataclasses import replace
from datetime import timedelta

from shared.kit.messaging.backlog import Backlog
from shared.kit.messaging.outbox import OUTBOX_INDEXES
from shared.kit.service.clock import new_id, utc_now
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.mongo_repository import MongoRepository
from tests.kit.jars import Jar, because, filled_jar
from tests.kit.metrics import metric
from tests.kit.test_repository import Hints

HOUR_S = 3600.0


class Shelf:
    """Jars whose events are never published."""

    def __init__(self, database: Database) -> None:
        self.name = f"jars_{new_id()}"
        self.collection: Collection = database.collection(self.name)
        self.jars = MongoRepository(Jar, self.collection, Hints(), source="/kit", new_id=new_id)
        self.backlog = Backlog(database, cap=2)
        self.backlog.watch(self.collection)

    async def add(self, id_: str, *, hours_ago: int) -> None:
        cause = replace(because(f"create {id_}"), at=utc_now() - timedelta(hours=hours_ago))
        await self.jars.add(filled_jar(id_), cause)

    async def publish(self, id_: str) -> None:
        """What the relay leaves behind."""
        await self.collection.update({"_id": id_}, {"$set": {"outbox": []}, "$unset": {"due": ""}})

    def is_full(self) -> bool:
        return self.backlog.is_full

    async def measured(self) -> tuple[float | None, int]:
        """Documents that wait, and the full hours that the oldest event has waited."""
        await self.backlog.measure()
        age = metric("crm_outbox_oldest_age_seconds", collection=self.name)
        assert age is not None
        return metric("crm_outbox_documents", collection=self.name), int(age / HOUR_S)


async def test_the_age_of_the_backlog_is_that_of_its_oldest_event(database: Database) -> None:
    shelf = Shelf(database)
    await shelf.collection.ensure(OUTBOX_INDEXES)
    assert await shelf.measured() == (0, 0)

    await shelf.add("young", hours_ago=1)
    await shelf.add("old", hours_ago=5)
    # A sweeper took it: `due` is the newest now, the event is not.
    await shelf.collection.update({"_id": "old"}, {"$currentDate": {"due": True}})
    assert await shelf.measured() == (2, 5)
    await shelf.add("late", hours_ago=0)
    assert await shelf.measured() == (3, 5)
    assert shelf.is_full()

    await shelf.publish("old")
    assert await shelf.measured() == (2, 1)
    assert not shelf.is_full()
    await shelf.publish("young")
    await shelf.publish("late")
    assert await shelf.measured() == (0, 0)


async def test_what_was_published_and_written_again_is_as_old_as_its_new_event(database: Database) -> None:
    shelf = Shelf(database)
    await shelf.add("hot", hours_ago=9)
    assert await shelf.measured() == (1, 9)
    await shelf.publish("hot")
    cause = replace(because("again"), at=utc_now() - timedelta(hours=2))
    await shelf.jars.change("hot", lambda jar: jar.fill(1), cause)
    assert await shelf.measured() == (1, 2)


async def test_what_is_kept_back_does_not_count_as_waiting(database: Database) -> None:
    shelf = Shelf(database)
    await shelf.add("refused", hours_ago=3)
    kept_back = {"$set": {"quarantined": {"at": utc_now()}}, "$unset": {"due": ""}}
    await shelf.collection.update({"_id": "refused"}, kept_back)
    assert await shelf.measured() == (0, 0)
    assert metric("crm_outbox_quarantined_documents", collection=shelf.name) == 1
