"""What waits for another event is kept apart with its key: it holds up nobody, gets lost nowhere, and has an end."""

import asyncio
from collections import Counter

import pytest

from shared.kit.domain import NotYet, Unavailable
from shared.kit.messaging import postponed
from tests.deadlines import DEADLINE_S
from tests.kit.test_subscription import Stage, stage
from tests.kit.topics import text
from tests.kit.waiting import eventually

__all__ = ["stage"]

pytestmark = pytest.mark.real_kafka

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
