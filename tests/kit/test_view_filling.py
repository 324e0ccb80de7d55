"""A view that is new to an installation is filled from the topics, beside the subscription, and once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.envelope import Envelope, Event
from crm_contracts.registry import parse

from deploy.local.mongo import Mongo
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import on
from shared.kit.messaging.topic_reader import TopicReader
from shared.kit.messaging.view_filling import ROLL_OUT, ViewFilling
from shared.kit.settings import KafkaSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import connect
from shared.kit.storage.filled_views import FilledViews
from tests.builders.causes import NOON
from tests.kit.test_subscription import wire
from tests.kit.topics import Topics

pytestmark = pytest.mark.real_kafka


@pytest_asyncio.fixture(loop_scope="session")
async def marks(mongo: Mongo) -> AsyncIterator[Collection]:
    database = connect(mongo.url, f"filling_{uuid4().hex[:12]}")
    yield database.collection("filled_views")
    await database.drop()
    database.close()


@dataclass
class Replica:
    """One process that fills the view, at a time that the test sets."""

    topic: str
    settings: KafkaSettings
    marks: Collection
    is_new: bool = False
    now: datetime = NOON
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        event = parse(*reversed(wire("k", 0)[1:]))
        assert event is not None
        self._filling = ViewFilling(
            "names",
            [on(type(event.data), self.on_event)],
            lambda: TopicReader([self.topic], self.settings, group="kit.filling", parse=parse),
            FilledViews(self.marks),
            clock=lambda: self.now,
            needed=self.is_needed,
        )

    async def is_needed(self) -> bool:
        return not self.is_new

    async def on_event(self, event: Envelope[Event], cause: Cause) -> None:
        assert cause.key == f"{event.id}/on_event"
        self.seen.append(event.id)

    async def fill(self, *, after: timedelta = timedelta(0)) -> int:
        self.now += after
        return await self._filling.fill_view()


async def put(topics: Topics, name: str, numbers: range) -> list[str]:
    for number in numbers:
        await topics.put(name, *wire("k", number))
    return [f"k/{number}" for number in numbers]


async def test_events_of_the_time_before_are_applied_until_the_roll_out_is_over(
    topics: Topics, kafka_settings: KafkaSettings, marks: Collection
) -> None:
    """What a replica of the older version passes meanwhile is read, too; after that nothing is read any more."""
    name = await topics.make()
    before = await put(topics, name, range(5))
    replica = Replica(name, kafka_settings, marks)
    assert await replica.fill() == 5
    assert sorted(replica.seen) == before
    meanwhile = await put(topics, name, range(5, 8))
    assert await replica.fill(after=ROLL_OUT) == 3
    assert sorted(replica.seen) == [*before, *meanwhile]
    await put(topics, name, range(8, 9))
    assert await replica.fill(after=ROLL_OUT) == 0
    assert await Replica(name, kafka_settings, marks).fill() == 0


async def test_a_replica_that_dies_before_the_view_is_filled_is_followed_by_one_that_reads_it_all(
    topics: Topics, kafka_settings: KafkaSettings, marks: Collection
) -> None:
    name = await topics.make()
    before = await put(topics, name, range(4))
    await Replica(name, kafka_settings, marks).fill()
    later = Replica(name, kafka_settings, marks, now=NOON + ROLL_OUT)
    assert await later.fill() == 4
    assert sorted(later.seen) == before


async def test_where_no_event_was_passed_without_the_view_nothing_is_read(
    topics: Topics, kafka_settings: KafkaSettings, marks: Collection
) -> None:
    """The subscription of a new installation fills it from the beginning."""
    topic = await topics.make()
    await put(topics, topic, range(3))
    replica = Replica(topic, kafka_settings, marks, is_new=True)
    assert [await replica.fill(), await replica.fill(after=ROLL_OUT)] == [0, 0]
    assert (replica.seen, await marks.find({})) == ([], [])
