"""What waits for another event is kept apart with its key: it holds up nobody, gets lost nowhere, and has an end."""

import asyncio
from collections import Counter
from functools import partial

import pytest

from shared.kit.domain import NotYet, Unavailable
from shared.kit.messaging import lag, postponed
from shared.kit.settings import KafkaSettings
from tests.deadlines import DEADLINE_S
from tests.kit.metrics import metric
from tests.kit.test_subscription import Listener, Stage, stage
from tests.kit.topics import Topics, text
from tests.kit.waiting import eventually

__all__ = ["stage"]

pytestmark = pytest.mark.real_kafka


@pytest.fixture(autouse=True)
def measured_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "EVERY_S", 0.1)


FOR_EVER = 3600.0
"""Whoever waited for a pause that long would wait for ever."""


class Lid:
    """What the records of the key `waits` wait for."""

    def __init__(self) -> None:
        self.is_there, self.tries = False, Counter[tuple[str, int]]()

    async def __call__(self, key: str, number: int) -> None:
        self.tries[key, number] += 1
        if key == "waits" and not self.is_there:
            raise NotYet("the lid is being made")


async def test_a_key_that_waits_holds_up_no_other_key_of_its_partition(stage: Stage) -> None:
    """Before, the whole batch was delivered again after a pause, and nothing after it was read."""
    await stage.say("waits", 1)
    await stage.say("a", 1)
    listener = await stage.listen(Lid(), redelivery_pause_s=FOR_EVER, redelivery_pause_max_s=FOR_EVER)
    await listener.has_handled(("a", 1))
    for number in range(2, 6):
        await stage.say("a", number)
        await listener.has_handled(("a", number))
    assert Counter(listener.handled) == Counter(("a", number) for number in range(1, 6))


async def test_what_comes_after_a_record_that_waits_waits_behind_it(stage: Stage) -> None:
    lid = Lid()
    await stage.say("waits", 1, 2)
    await stage.say("a", 1)
    listener = await stage.listen(lid, redeliveries_while_waiting=10**6)
    await listener.has_handled(("a", 1))
    await stage.say("waits", 3)
    await stage.say("a", 2)
    await listener.has_handled(("a", 2))
    assert set(lid.tries) == {("waits", 1), ("a", 1), ("a", 2)}
    lid.is_there = True
    await stage.all_committed(5)
    assert [number for key, number in listener.handled if key == "waits"] == [1, 2, 3]
    assert await stage.parked(0) == []


async def test_what_waits_is_not_committed_and_comes_again_after_a_stop(stage: Stage) -> None:
    await stage.say("a", 1)
    await stage.say("waits", 1)
    await stage.say("a", 2)
    listener = await stage.listen(Lid(), redelivery_pause_s=FOR_EVER, redelivery_pause_max_s=FOR_EVER)
    await listener.has_handled(("a", 1), ("a", 2))
    await stage.all_committed(1)
    await asyncio.wait_for(listener.subscription.stop(), DEADLINE_S)
    await stage.all_committed(1)
    other = await stage.listen()
    await other.has_handled(("waits", 1))
    await stage.all_committed(3)


async def test_whoever_can_give_up_is_not_parked_after_the_last_try(stage: Stage) -> None:
    given_up: list[tuple[str, int]] = []

    async def give_up(key: str, number: int) -> None:
        given_up.append((key, number))

    await stage.say("waits", 1, 2)
    lid = Lid()
    await stage.listen(lid, give_up=give_up, redeliveries_while_waiting=2, redelivery_pause_s=0.01)
    await stage.all_committed(2)
    assert given_up == [("waits", 1), ("waits", 2)]
    assert await stage.parked(0) == []


async def test_what_cannot_give_up_is_parked_and_counts_again_for_the_next(stage: Stage) -> None:
    lid = Lid()
    await stage.say("waits", 1, 2)
    await stage.listen(lid, redeliveries_while_waiting=2, redelivery_pause_s=0.01)
    await stage.all_committed(2)
    parked = await stage.parked(2)
    assert [text(record, "dlt_exception") for record in parked] == ["not_yet", "not_yet"]
    assert lid.tries["waits", 1] == lid.tries["waits", 2]


async def test_a_dependency_that_is_away_meanwhile_is_no_try(stage: Stage) -> None:
    lid, is_away = Lid(), True

    async def handle(key: str, number: int) -> None:
        if is_away and lid.tries["waits", 1] > 3:
            raise Unavailable("the printer is away")
        await lid(key, number)

    await stage.say("waits", 1)
    listener = await stage.listen(handle, redeliveries_while_waiting=3, redelivery_pause_s=0.01)

    async def is_tried() -> bool:
        return lid.tries["waits", 1] > 3

    await eventually(is_tried, "it was tried again")
    lid.is_there, is_away = True, False
    await listener.has_handled(("waits", 1))
    assert await stage.parked(0) == []


async def test_with_too_much_that_waits_nothing_is_lost_either(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the batch is delivered again, as it would be for a database that is away."""
    monkeypatch.setattr(postponed, "MAX_RECORDS", 1)
    lid = Lid()
    await stage.say("waits", 1, 2)
    await stage.say("a", 1)
    listener = await stage.listen(lid, redelivery_pause_s=0.01, redelivery_pause_max_s=0.01)
    await listener.has_handled(("a", 1))
    assert await stage.topics.committed(f"{stage.service}.reactions", stage.topic) == 0
    lid.is_there = True
    await stage.all_committed(3)
    assert [number for key, number in listener.handled if key == "waits"][-2:] == [1, 2]


async def test_with_too_many_bytes_that_wait_nothing_is_lost_either(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 records of 512 KiB would be all the memory that a process has."""
    monkeypatch.setattr(postponed, "MAX_BYTES", 1)
    lid = Lid()
    await stage.say("waits", 1)
    listener = await stage.listen(lid, redelivery_pause_s=0.01, redelivery_pause_max_s=0.01)

    before = metric("crm_reaction_redelivered_batches_total") or 0.0

    async def is_delivered_again() -> bool:
        return (metric("crm_reaction_redelivered_batches_total") or 0.0) > before

    await eventually(is_delivered_again, "the batch comes again")
    lid.is_there = True
    await listener.has_handled(("waits", 1))
    await stage.all_committed(1)


async def test_what_waits_is_lag_and_no_standstill(stage: Stage) -> None:
    """The consumer has read it, and yet it is to be handled; readiness does not depend on what others do."""
    lid = Lid()
    await stage.say("waits", 1, 2)
    await stage.say("a", 1)
    listener = await stage.listen(lid, stalled_s=0.3, standstill_s=0.3, redeliveries_while_waiting=10**6)
    await listener.has_handled(("a", 1))

    async def lag_is(records: int) -> None:
        async def is_so() -> bool:
            return metric("crm_consumer_lag_records", topic=stage.topic) == records

        await eventually(is_so, f"{records} behind")

    await lag_is(2)
    stood_still = metric("crm_consumer_standstills_total")
    await asyncio.sleep(1)  # longer than both bounds
    assert listener.subscription.is_handling
    assert metric("crm_consumer_standstills_total") == stood_still
    lid.is_there = True
    await lag_is(0)


async def test_a_topic_made_anew_while_a_key_waits_loses_no_record_of_that_key(stage: Stage) -> None:
    """Its offsets begin at 0 again, before those that wait."""
    lid = Lid()
    await stage.say("a", 1, 2, 3)
    await stage.say("waits", 1)
    listener = await stage.listen(lid, redeliveries_while_waiting=10**6, metadata_max_age_ms=200)
    await listener.has_handled(("a", 3))
    await stage.topics.make_anew(stage.topic)
    await stage.say("waits", 2)
    await stage.say("a", 4)
    await listener.has_handled(("a", 4))
    lid.is_there = True
    await listener.has_handled(("waits", 1), ("waits", 2))
    assert [number for key, number in listener.handled if key == "waits"] == [1, 2]


async def test_members_that_come_and_go_while_keys_wait_lose_nothing_and_keep_their_order(
    topics: Topics, kafka_settings: KafkaSettings
) -> None:
    """Whoever gets a partition gets what waits there; whoever had it may handle it as well."""
    stage = Stage(topics, await topics.make(partitions=4), kafka_settings)
    await stage.make_dead_letters()
    is_there = asyncio.Event()

    async def handle(key: str, number: int) -> None:
        if number % 10 == 0 and not is_there.is_set():
            raise NotYet("the lid is being made")

    listen = partial(stage.listen, handle, redeliveries_while_waiting=10**6, redelivery_pause_max_s=0.2)
    keys = [f"k{number}" for number in range(16)]
    for key in keys:
        await stage.say(key, *range(8, 13))
    first = await listen()
    await first.has_handled(*((key, 9) for key in keys))
    second = await listen()
    free = 0

    async def second_is_in() -> bool:
        nonlocal free
        for place in range(16):
            await stage.say(f"free{place}", 10 * free + 1)
        free += 1
        return bool(second.handled)

    await eventually(second_is_in, "the second member got something")
    third = await listen()
    await first.subscription.stop()
    for key in keys:
        await stage.say(key, 13)
    is_there.set()
    listeners = (first, second, third)

    async def all_is_handled() -> bool:
        handled = {each for listener in listeners for each in listener.handled}
        return handled >= {(key, number) for key in keys for number in range(8, 14)}

    await eventually(all_is_handled, "everything is handled")
    await stage.all_committed(6 * len(keys) + 16 * free)
    for listener in listeners:
        assert_in_order(listener)
    assert await stage.parked(0) == []
    for listener in listeners[1:]:
        await listener.subscription.stop()


def assert_in_order(listener: Listener) -> None:
    """Each key's records in their order, apart from repeats."""
    last: dict[str, int] = {}
    for key, number in dict.fromkeys(listener.handled):
        assert number > last.get(key, -1)
        last[key] = number
