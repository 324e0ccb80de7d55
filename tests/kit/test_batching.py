"""Concurrent requests are loaded together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.kit.storage.batching import Batcher, side_by_side


class Oracle:
    """Notes which questions came together, and answers when it is let."""

    def __init__(self, *, most: int = 100) -> None:
        self.groups: list[list[int]] = []
        self.open = asyncio.Event()
        self.batcher: Batcher[int, int] = Batcher(self._answer, most=most)

    async def _answer(self, questions: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(questions))
        await self.open.wait()
        if 13 in questions:
            raise ConnectionError
        return [ValueError(str(question)) if question < 0 else question * 10 for question in questions]

    async def asked(self, *questions: int) -> list[asyncio.Task[int]]:
        """Every task has asked, none has an answer."""
        tasks = [asyncio.create_task(self.batcher.load(question)) for question in questions]
        for _ in range(3):
            await asyncio.sleep(0)
        return tasks


async def test_the_first_goes_at_once_and_those_who_come_meanwhile_go_together() -> None:
    oracle = Oracle()
    tasks = await oracle.asked(1)
    tasks += await oracle.asked(2, 3, 4)
    assert oracle.groups == [[1]]
    oracle.open.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40]
    assert oracle.groups == [[1], [2, 3, 4]]
    assert await oracle.batcher.load(5) == 50


async def test_a_group_has_a_largest_size() -> None:
    oracle = Oracle(most=2)
    tasks = await oracle.asked(1, 2, 3)
    oracle.open.set()
    await asyncio.gather(*tasks)
    assert [len(group) for group in oracle.groups] == [2, 1]


async def test_what_goes_wrong_for_one_is_told_to_that_one_alone() -> None:
    oracle = Oracle()
    good, bad = await oracle.asked(1, -1)
    oracle.open.set()
    assert await good == 10
    with pytest.raises(ValueError, match="-1"):
        await bad


async def test_an_error_of_a_batch_reaches_all_of_it_and_none_after() -> None:
    oracle = Oracle()
    tasks = await oracle.asked(12, 13)
    oracle.open.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, ConnectionError]
    assert await oracle.batcher.load(14) == 140


async def test_a_cancelled_caller_takes_no_other_answer_away() -> None:
    oracle = Oracle()
    leaving, staying = await oracle.asked(1, 2)
    leaving.cancel()
    oracle.open.set()
    assert await staying == 20
    assert leaving.cancelled() or (await asyncio.gather(leaving, return_exceptions=True))


async def test_of_two_side_by_side_the_one_that_fails_leaves_nothing_running() -> None:
    ended: list[str] = []

    async def slow() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        ended.append("slow")

    async def failing() -> None:
        raise LookupError

    for pair in ((slow(), failing()), (failing(), slow())):
        with pytest.raises(LookupError):
            await side_by_side(*pair)
    assert ended == ["slow", "slow"]
