"""The topics from their beginning, read beside the subscription."""

from collections.abc import Mapping
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from crm_contracts.registry import parse

from deploy.local.ports import free_port
from shared.kit.messaging import topic_reader as replay
from shared.kit.messaging.topic_reader import Batch, Places, TopicReader
from shared.kit.settings import KafkaSettings
from tests.kit.test_subscription import wire
from tests.kit.topics import Topics

pytestmark = pytest.mark.real_kafka


def a_group() -> str:
    return f"kit.{uuid4().hex[:8]}"


def over(settings: KafkaSettings, *names: str, group: str | None = None) -> TopicReader:
    return TopicReader(names, settings, group=group or a_group(), parse=parse)


async def fill(topics: Topics, name: str, numbers: range, key: str = "k") -> None:
    for number in numbers:
        await topics.put(name, *wire(key, number))


async def read_all(log: TopicReader, start: Places, ends: Places) -> list[Batch]:
    return [batch async for batch in log.read(start, ends)]


def ids(batches: list[Batch]) -> list[str]:
    return [event.id for batch in batches for event in batch.events]


def furthest(batches: list[Batch]) -> Mapping[tuple[str, int], int]:
    reached: dict[tuple[str, int], int] = {}
    for batch in batches:
        reached.update(batch.next)
    return reached


async def test_all_topics_are_read_from_their_beginning_to_the_ends_that_were_asked_for(
    topics: Topics, kafka_settings: KafkaSettings
) -> None:
    """TL-11: events that come in meanwhile are the subscription's."""
    first, second = await topics.make(partitions=3), await topics.make()
    for key in "abcdef":
        await fill(topics, first, range(5), key)
    await fill(topics, second, range(7), "g")
    async with over(kafka_settings, first, second) as log:
        starts, ends = await log.beginnings(), await log.ends()
        assert set(starts) == set(ends) == {(first, 0), (first, 1), (first, 2), (second, 0)}
        assert (set(starts.values()), sum(ends.values())) == ({0}, 37)
        await fill(topics, first, range(100, 140), "a")
        batches = await read_all(log, starts, ends)
    assert sorted(ids(batches)) == sorted(
        [f"{key}/{n}" for key in "abcdef" for n in range(5)] + [f"g/{n}" for n in range(7)]
    )
    assert furthest(batches) == {place: end for place, end in ends.items() if end}


async def test_the_reading_goes_on_where_it_was_left(topics: Topics, kafka_settings: KafkaSettings) -> None:
    """After a death, from what was remembered."""
    name = await topics.make()
    await fill(topics, name, range(20))
    async with over(kafka_settings, name) as log:
        batches = await read_all(log, {(name, 0): 13}, await log.ends())
    assert ids(batches) == [f"k/{number}" for number in range(13, 20)]


async def test_nothing_is_read_where_everything_has_been(topics: Topics, kafka_settings: KafkaSettings) -> None:
    name = await topics.make()
    await fill(topics, name, range(3))
    async with over(kafka_settings, name) as log:
        ends = await log.ends()
        assert await read_all(log, ends, ends) == []


async def test_a_batch_is_bounded(topics: Topics, kafka_settings: KafkaSettings) -> None:
    name = await topics.make()
    count = replay.MAX_BATCH * 2 + 1
    async with over(kafka_settings, name) as log:
        producer = topics._producer
        sent = []
        for number in range(count):
            key, value, headers = wire("k", number)
            sent.append(await producer.send(name, value, key, headers=headers))
        for future in sent:
            await future
        batches = await read_all(log, await log.beginnings(), await log.ends())
    assert ids(batches) == [f"k/{number}" for number in range(count)]
    assert max(len(batch.events) for batch in batches) <= replay.MAX_BATCH


async def test_what_cannot_be_read_is_counted_and_passed_over(topics: Topics, kafka_settings: KafkaSettings) -> None:
    """As a subscription parks the one and passes over the other."""
    name = await topics.make()
    key, value, headers = wire("k", 1)
    await topics.put(name, key, b"no event", headers)
    await topics.put(name, None, None, [])
    await topics.put(name, key, value, [*headers[1:], ("ce_type", b"crm.elephant.born.v1")])
    await topics.put(name, key, value, [(n, v) for n, v in headers if n != "ce_type"] + [("ce_type", b"crm.x.y.v1")])
    await topics.put(name, key, value, headers)
    async with over(kafka_settings, name) as log:
        batches = await read_all(log, await log.beginnings(), await log.ends())
    assert ids(batches) == ["k/1"]
    assert sum(batch.unreadable for batch in batches) == 2
    assert sum(batch.unknown for batch in batches) == 2
    assert furthest(batches) == {(name, 0): 5}


async def test_it_knows_how_far_the_subscription_came_and_does_not_disturb_it(
    topics: Topics, kafka_settings: KafkaSettings
) -> None:
    name, group = await topics.make(partitions=2), a_group()
    await fill(topics, name, range(9), "k")
    async with over(kafka_settings, name, group=group) as log:
        ends = await log.ends()
        (place,) = [place for place, end in ends.items() if end]
        member = AIOKafkaConsumer(**kafka_settings.connection(), group_id=group, enable_auto_commit=False)
        await member.start()
        try:
            member.assign([TopicPartition(*place)])
            await member.commit({TopicPartition(*place): 4})
            await read_all(log, await log.beginnings(), ends)
            heard = await log.committed()
        finally:
            await member.stop()
    assert heard == {**dict.fromkeys(ends, 0), place: 4}


async def test_without_kafka_it_says_so_and_leaves_nothing_open(kafka_settings: KafkaSettings) -> None:
    nowhere = kafka_settings.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    with pytest.raises(KafkaConnectionError):
        async with over(nowhere, "crm.leads.events"):
            pytest.fail("there is nothing to read")
