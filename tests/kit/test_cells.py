"""Cells of counts and sums, and the replicas that count them: as often as it takes, and never by adding."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.kit.cells.cells import DUE_INDEX, Cells, Key
from shared.kit.cells.counter import CellCounter
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from tests.kit.metrics import metric

RED, BLUE = {"colour": "red"}, {"colour": "blue"}


class Kitchen:
    """Jars of colours in a real database, and the replicas that count them by colour."""

    def __init__(self, database: Database) -> None:
        self.database, self.jars, self.cells = database, database.collection("jars"), database.collection("jar_cells")
        self.marks = Cells(self.cells)
        self.counts, self.failing = 0, False

    def replica(self, recount: Any = None) -> CellCounter:
        return CellCounter(Cells(self.cells), recount or self.recount, server_time=self.database.now)

    async def recount(self, key: Key) -> Mapping[str, Any] | None:
        if self.failing:
            message = "The scale broke."
            raise ValueError(message)
        self.counts += 1
        number = await self.jars.count({"colour": key["colour"]})
        return {"number": number} if number else None

    async def put(self, id_: str, colour: str) -> None:
        await self.jars.put({"_id": id_}, {"$set": {"colour": colour}})

    async def numbers(self) -> dict[str, int]:
        return {each["colour"]: each["number"] for each in await self.cells.find({})}

    async def waiting(self) -> list[Document]:
        return list(await self.marks.waiting(10))

    async def time_out(self) -> None:
        """What is held was claimed long ago."""
        await self.cells.update_all({"due": {"$exists": True}}, [{"$set": {"due": {"$add": ["$due", -60_000]}}}])


@pytest.fixture
async def kitchen(database: Database) -> Kitchen:
    kitchen = Kitchen(database)
    await kitchen.cells.ensure([DUE_INDEX])
    return kitchen


async def test_what_was_marked_is_counted_once(kitchen: Kitchen) -> None:
    await kitchen.put("a", "red")
    await kitchen.marks.mark([RED, BLUE])
    assert await kitchen.replica().count_cells() == 2
    assert await kitchen.numbers() == {"red": 1}, "a cell without records is none"
    assert await kitchen.replica().count_cells() == 0
    assert await kitchen.waiting() == []


async def test_a_record_that_changes_cells_is_counted_where_it_is(kitchen: Kitchen) -> None:
    await kitchen.put("a", "red")
    await kitchen.put("b", "red")
    await kitchen.marks.mark([RED])
    await kitchen.replica().count_cells()
    await kitchen.put("a", "blue")
    await kitchen.marks.mark([RED, BLUE])
    await kitchen.replica().count_cells()
    assert await kitchen.numbers() == {"red": 1, "blue": 1}


async def test_marks_that_come_again_or_in_another_order_change_nothing(kitchen: Kitchen) -> None:
    await kitchen.put("a", "blue")
    for keys in ([RED, BLUE], [BLUE, RED], [RED, BLUE]):
        await kitchen.marks.mark(keys)
    assert len(await kitchen.waiting()) == 2
    await kitchen.replica().count_cells()
    await kitchen.marks.mark([RED, BLUE])
    await kitchen.replica().count_cells()
    assert await kitchen.numbers() == {"blue": 1}


async def test_two_replicas_share_the_cells(kitchen: Kitchen) -> None:
    keys = [{"colour": str(number)} for number in range(50)]
    for key in keys:
        await kitchen.put(key["colour"], key["colour"])
    await asyncio.gather(*(kitchen.marks.mark(keys) for _ in range(3)))
    counted = await asyncio.gather(*(kitchen.replica().count_cells() for _ in range(2)))
    assert sum(counted) == kitchen.counts == 50
    assert set((await kitchen.numbers()).values()) == {1}


async def test_a_mark_that_comes_while_its_cell_is_counted_is_not_lost(kitchen: Kitchen) -> None:
    await kitchen.put("a", "red")
    await kitchen.marks.mark([RED])
    is_first = True

    async def slow(key: Key) -> Mapping[str, Any] | None:
        nonlocal is_first
        counted = await kitchen.recount(key)
        if is_first:
            is_first = False
            await kitchen.put("b", "red")
            await kitchen.marks.mark([RED])
        return counted

    assert await kitchen.replica(slow).count_cells() == 2
    assert await kitchen.numbers() == {"red": 2}
    assert await kitchen.waiting() == []


async def test_a_cell_that_became_empty_and_is_marked_meanwhile_stays(kitchen: Kitchen) -> None:
    await kitchen.marks.mark([RED])

    async def slow(key: Key) -> Mapping[str, Any] | None:
        counted = await kitchen.recount(key)
        if counted is None:
            await kitchen.put("a", "red")
            await kitchen.marks.mark([RED])
        return counted

    await kitchen.replica(slow).count_cells()
    assert await kitchen.numbers() == {"red": 1}


async def test_what_a_killed_replica_had_in_hand_is_counted_by_another(kitchen: Kitchen) -> None:
    await kitchen.put("a", "red")
    await kitchen.marks.mark([RED])
    (seen,) = await kitchen.waiting()
    claimed = await kitchen.marks.claim(seen)
    assert claimed is not None
    assert await kitchen.marks.claim(seen) is None
    assert await kitchen.replica().count_cells() == 0, "it is held"
    await kitchen.time_out()
    assert await kitchen.replica().count_cells() == 1
    assert await kitchen.numbers() == {"red": 1}


async def test_a_replica_that_was_slow_stores_nothing_over_what_was_counted_later(kitchen: Kitchen) -> None:
    await kitchen.put("a", "red")
    await kitchen.marks.mark([RED])
    (seen,) = await kitchen.waiting()
    claimed = await kitchen.marks.claim(seen)
    assert claimed is not None
    old = await kitchen.recount(RED)
    await kitchen.put("b", "red")
    await kitchen.time_out()
    await kitchen.replica().count_cells()
    for late in (old, None):
        assert not await kitchen.marks.store(claimed, late)
    assert await kitchen.numbers() == {"red": 2}


async def test_all_cells_are_counted_anew(kitchen: Kitchen) -> None:
    await kitchen.cells.insert({"_id": '["red"]', "colour": "red", "number": 7})
    await kitchen.put("a", "blue")
    await kitchen.marks.mark_all([BLUE])
    assert await kitchen.replica().count_cells() == 2
    assert await kitchen.numbers() == {"blue": 1}


async def test_a_cell_that_fails_is_tried_again_and_told(kitchen: Kitchen) -> None:
    kitchen.failing = True
    await kitchen.put("a", "red")
    await kitchen.marks.mark([RED])
    replica, failed = kitchen.replica(), metric("crm_cell_failures_total", cells="jar_cells") or 0
    assert await replica.count_cells() == 0
    assert metric("crm_cell_failures_total", cells="jar_cells") == failed + 1
    await kitchen.cells.update({"_id": '["red"]'}, [{"$set": {"since": {"$add": ["$since", -60_000]}}}])
    kitchen.failing = False
    await replica.count_cells()
    assert (metric("crm_cell_oldest_mark_age_seconds", cells="jar_cells") or 0) > timedelta(minutes=1).total_seconds()
    await kitchen.time_out()
    assert await replica.count_cells() == 1
    assert metric("crm_cell_oldest_mark_age_seconds", cells="jar_cells") == 0


async def test_a_value_that_looks_like_a_path_is_a_value(kitchen: Kitchen) -> None:
    await kitchen.put("a", "$colour")
    await kitchen.marks.mark([{"colour": "$colour"}])
    await kitchen.replica().count_cells()
    assert await kitchen.numbers() == {"$colour": 1}
