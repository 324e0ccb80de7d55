"""What a reaction does when its database fails it: a real repository under a real subscription."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from deploy.local.mongo import Mongo, start_mongo
from shared.kit.messaging.handling import LONGEST_PAUSE_S, TRIES_IN_PLACE
from shared.kit.settings import KafkaSettings
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.repository import ATTEMPTS
from tests.kit.jars import Jar, because
from tests.kit.test_repository import LABEL, MongoShelf, meanwhile
from tests.kit.test_subscription import Stage, stage
from tests.kit.waiting import eventually

__all__ = ["stage"]

pytestmark = pytest.mark.real_kafka


def retries() -> float:
    """How often any reaction was tried again."""
    return sum(
        sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "crm_reaction_retries_total"
    )


async def test_a_lost_race_is_run_again_at_once_and_then_as_any_failure_that_passes(
    stage: Stage, database: Database, mongo: Mongo
) -> None:
    """Once on what this process wrote last, so many times at once, then again after a pause: it is applied once."""
    shelf = MongoShelf(database, mongo.url)
    await shelf.jars.add(Jar(id="a"), because("create"))
    runs = 0

    def fill(jar: Jar) -> None:
        nonlocal runs
        runs += 1
        if runs <= 1 + ATTEMPTS:
            label = None if jar.label else LABEL
            meanwhile(lambda: shelf.rival().jars.change("a", lambda jar: jar.stick_on(label), because(f"rival {runs}")))
        jar.fill(1)

    async def handle(key: str, number: int) -> None:
        await shelf.jars.change(key, fill, because(f"{key}/{number}"))

    before = retries()
    await stage.say("a", 1)
    await stage.listen(handle)
    await stage.all_committed(1)
    assert runs == 1 + ATTEMPTS + 1
    assert retries() - before == 1
    assert (await shelf.jars.get("a")).amount == 1
    assert await stage.parked(0) == []


def test_retries_in_place_end_long_before_kafka_takes_the_partition_away() -> None:
    longest_s = TRIES_IN_PLACE * LONGEST_PAUSE_S
    assert 4 <= TRIES_IN_PLACE <= 6
    assert longest_s < KafkaSettings().max_poll_interval_ms / 1000 / 10


async def test_while_the_database_is_down_nothing_is_parked_and_then_everything_is_applied_once(
    stage: Stage, tmp_path: Path
) -> None:
    """Retried in place, then delivered again after a pause, in order, for as long as it takes."""
    mongo = await asyncio.to_thread(start_mongo, tmp_path)
    database = connect(mongo.url, "kit", server_selection_timeout_ms=100)
    try:
        shelf = MongoShelf(database, mongo.url)
        for id_ in "abc":
            await shelf.jars.add(Jar(id=id_), because(f"create {id_}"))
        tried: list[tuple[str, int]] = []
        applied: list[tuple[str, int]] = []

        async def handle(key: str, number: int) -> None:
            tried.append((key, number))
            await shelf.jars.change(key, lambda jar: jar.fill(1), because(f"{key}/{number}"))
            applied.append((key, number))

        await asyncio.to_thread(mongo.kill)
        for id_ in "abc":
            await stage.say(id_, 1, 2, 3)
        listener = await stage.listen(handle)

        async def came_again() -> bool:
            return tried.count(("a", 1)) > TRIES_IN_PLACE

        await eventually(came_again, "the batch came again")
        await asyncio.to_thread(mongo.restart)
        await listener.has_handled(*((id_, number) for id_ in "abc" for number in (1, 2, 3)))
        await stage.all_committed(9)
        assert [(await shelf.jars.get(id_)).amount for id_ in "abc"] == [3, 3, 3]
        firsts = list(dict.fromkeys(applied))
        assert [[number for key, number in firsts if key == id_] for id_ in "abc"] == [[1, 2, 3]] * 3
        assert await stage.parked(0) == []
    finally:
        database.close()
        await asyncio.to_thread(mongo.stop)
