"""Timers of an aggregate, and the replicas that fire them: once, on time, and not any more where they were cleared."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from shared.kit.domain import DomainError
from shared.kit.service.clock import new_id
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.timers.timer import MAX_TIMERS, HasTimers, Timer, TooManyTimers
from shared.kit.timers.waker import BATCH, PUT_OFF_S, WAKE_INDEX, Waker
from tests.builders.running import Explained
from tests.kit.jars import NOON, Jar, because
from tests.kit.metrics import metric


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_timer(id_: str = "fill", seconds: float = 0, kind: str = "fill") -> Timer:
    return Timer(id=id_, at=after(seconds), kind=kind, actor="user:ann", roles=("cook",))


class AlarmJar(HasTimers, Jar):
    """A jar that fills itself."""

    NOUN = "alarm_jar"

    @property
    def is_waiting(self) -> bool:
        return (self.wake_at, self.wake_shard) != (None, None)

    def arm(self, *timers: Timer) -> None:
        for timer in timers:
            self._set_timer(timer)

    def disarm(self, id_: str) -> None:
        self._clear_timer(id_)

    def _fire(self, timer: Timer, *, at: datetime) -> None:
        del at
        if timer.kind == "break":
            message = "The jar broke."
            raise DomainError(message)
        self.fill(1, timer.id)


def armed(*timers: Timer, id_: str = "jar") -> AlarmJar:
    jar = AlarmJar(id=id_)
    jar.arm(*timers)
    return jar


def test_an_aggregate_waits_for_the_earliest_of_its_timers() -> None:
    jar = armed(a_timer("late", 20), a_timer("early", 10))
    assert jar.wake_at == after(10)
    jar.disarm("early")
    assert jar.wake_at == after(20)
    jar.disarm("late")
    assert not jar.is_waiting


def test_a_timer_that_is_set_again_is_moved() -> None:
    jar = armed(a_timer(seconds=10), a_timer(seconds=20))
    assert [timer.at for timer in jar.timers] == [after(20)]
    assert jar.wake("fill", after(10), at=after(30)) is None
    assert jar.amount == 0


def test_a_timer_fires_once() -> None:
    jar = armed(a_timer())
    assert jar.wake("fill", NOON, at=NOON) == a_timer()
    assert jar.wake("fill", NOON, at=NOON) is None
    assert jar.amount == 1


def test_a_deleted_aggregate_waits_for_nothing() -> None:
    jar = armed(a_timer())
    jar.throw_away()
    assert not jar.is_waiting
    jar.wake("fill", NOON, at=NOON)
    assert jar.amount == 0


def test_an_aggregate_has_a_bounded_number_of_timers() -> None:
    jar = armed(*(a_timer(str(number)) for number in range(MAX_TIMERS)))
    jar.arm(a_timer("0", 5))
    with pytest.raises(TooManyTimers):
        jar.arm(a_timer("one more"))


class NoOutbox:
    """Publishes nothing."""

    is_full = False

    def hint(self, collection: Collection, document: Document) -> None:
        """Forget it."""


class Kitchen:
    """Jars in a real database, and the replicas that wake them."""

    def __init__(self, collection: Collection) -> None:
        self.collection, self.now = collection, NOON
        self.jars = self.repository()

    def repository(self) -> MongoRepository[AlarmJar]:
        return MongoRepository(AlarmJar, self.collection, NoOutbox(), source="/kit", new_id=new_id)

    def replica(self, first_shard: int = 0) -> Waker:
        waker = Waker(lambda: self.now, first_shard=lambda: first_shard)
        waker.watch(self.repository())
        return waker

    async def add(self, *timers: Timer, ids: Sequence[str] = ("jar",)) -> None:
        for id_ in ids:
            await self.jars.add(armed(*timers, id_=id_), because(f"create {id_}"))

    async def amounts(self, ids: Sequence[str]) -> list[int]:
        return [(await self.repository().get(id_)).amount for id_ in ids]


@pytest.fixture
async def kitchen(database: Database) -> Kitchen:
    collection = database.collection("alarm_jars")
    await collection.ensure([WAKE_INDEX])
    return Kitchen(collection)


async def test_what_is_due_is_fired_and_what_is_not_waits(kitchen: Kitchen) -> None:
    await kitchen.add(a_timer(seconds=-1), ids=["due"])
    await kitchen.add(a_timer(seconds=5), ids=["later"])
    assert await kitchen.replica().wake_due() == 1
    assert await kitchen.amounts(["due", "later"]) == [1, 0]
    kitchen.now = after(5)
    assert await kitchen.replica().wake_due() == 1
    assert await kitchen.amounts(["due", "later"]) == [1, 1]


async def test_several_timers_of_one_aggregate_fire_one_after_the_other(kitchen: Kitchen) -> None:
    await kitchen.add(a_timer("second", -1), a_timer("first", -2))
    assert await kitchen.replica().wake_due() == 2
    document = await kitchen.collection.get("jar")
    assert document is not None
    assert [entry["headers"]["ce_actor"] for entry in document["outbox"]] == ["user:ann", "user:ann"]
    assert [b'"first"' in entry["value"] for entry in document["outbox"]] == [True, False]


async def test_replicas_that_look_at_once_fire_each_timer_once(kitchen: Kitchen) -> None:
    ids = [f"jar-{number}" for number in range(3 * BATCH)]
    await kitchen.add(a_timer(), ids=ids)
    fired = await asyncio.gather(*(kitchen.replica(first).wake_due() for first in (0, 0, 8)))
    assert sum(fired) == len(ids)
    assert set(await kitchen.amounts(ids)) == {1}


async def test_a_moment_before_the_next_look_is_not_waited_for_longer_than_that(kitchen: Kitchen) -> None:
    await kitchen.add(a_timer(seconds=0.3))
    start = asyncio.get_running_loop().time()
    waker = Waker(lambda: after(asyncio.get_running_loop().time() - start))
    waker.watch(kitchen.jars)
    assert await waker.wake_due() == 1
    assert await kitchen.amounts(["jar"]) == [1]


async def test_a_timer_that_fails_is_put_off_and_holds_no_other_up(kitchen: Kitchen) -> None:
    failed = metric("crm_timer_failures_total", kind="break") or 0
    await kitchen.add(a_timer(seconds=-10, kind="break"), ids=["broken"])
    await kitchen.add(a_timer(), ids=["whole"])
    assert await kitchen.replica().wake_due() == 1
    assert await kitchen.amounts(["broken", "whole"]) == [0, 1]
    assert metric("crm_timer_failures_total", kind="break") == failed + 1
    kitchen.now = after(PUT_OFF_S)
    await kitchen.replica().wake_due()
    assert metric("crm_timer_failures_total", kind="break") == failed + 2


async def test_a_change_meanwhile_takes_back_what_was_put_off(kitchen: Kitchen) -> None:
    await kitchen.add(a_timer("wrong", -10, kind="break"), a_timer("right", -5))
    await kitchen.replica().wake_due()
    await kitchen.repository().change("jar", lambda jar: jar.disarm("wrong"), because("mend it"))
    assert await kitchen.replica().wake_due() == 1
    assert await kitchen.amounts(["jar"]) == [1]


async def test_the_aggregates_that_are_due_are_found_by_an_index(kitchen: Kitchen) -> None:
    await kitchen.add(a_timer(), ids=["due"])
    await kitchen.add(ids=["without a timer"])
    explained = Explained(kitchen.collection)
    waker = Waker(lambda: kitchen.now)
    waker.watch(MongoRepository(AlarmJar, explained, NoOutbox(), source="/kit", new_id=new_id))
    assert await waker.wake_due() == 1
    looks = [plan for plan in explained.plans if "wake_shard" in plan.where]
    assert looks
    assert all("IXSCAN" in plan.stages and not plan.stages & {"COLLSCAN", "SORT"} for plan in looks)
    assert all(plan.documents <= 1 for plan in looks)


async def test_how_long_the_earliest_is_overdue_is_measured(kitchen: Kitchen) -> None:
    await kitchen.add(a_timer(seconds=-10, kind="break"))
    await kitchen.replica().wake_due()
    kitchen.now = after(PUT_OFF_S + 5)
    await kitchen.replica().wake_due()
    assert metric("crm_timer_oldest_overdue_seconds", aggregate="alarm_jar") == 0
