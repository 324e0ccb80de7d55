"""Where a benchmark could deceive: percentiles, ratios, and who is charged for a stall."""

import asyncio

import pytest

from benchmarks.figures import Figure, Run, ratio
from benchmarks.load import closed, open_loop


def test_a_percentile_is_a_latency_that_was_measured() -> None:
    run = Run(tuple(number / 1000 for number in range(100, 0, -1)), elapsed_s=2.0, operations=100)
    assert [run.percentile_ms(percent) for percent in (1, 50, 95, 99, 100)] == [1, 50, 95, 99, 100]
    assert run.per_second == 50
    assert Run((0.007,), elapsed_s=1.0, operations=1).percentile_ms(99) == 7


def test_a_ratio_is_taken_pair_by_pair() -> None:
    """A machine that slows down slows down both of a pair."""
    found = ratio([10, 5, 20], [20, 10, 50])
    assert (found.values, found.median) == ((0.5, 0.5, 0.4), 0.5)
    assert found.spread == pytest.approx(0.2)
    assert Figure((3.0,)).spread == 0


async def test_in_a_closed_loop_each_caller_waits_for_its_answer() -> None:
    running, most, seen = 0, 0, []

    async def operation(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        seen.append(number)

    run = await closed(operation, callers=3, operations=10)
    assert (most, sorted(seen), len(run.latencies_s)) == (3, list(range(10)), 10)


async def test_in_an_open_loop_a_stall_is_charged_to_everybody_who_was_due_meanwhile() -> None:
    """No coordinated omission: the loop itself is held up here, and still they count from when they were due."""
    stall_s = 0.2

    async def operation(number: int) -> None:
        if number == 0:
            loop = asyncio.get_running_loop()
            until = loop.time() + stall_s
            while loop.time() < until:
                pass  # nobody else runs, the one who starts the others neither

    run = await open_loop(operation, per_second=100, operations=10)
    late = [latency for latency in run.latencies_s if latency > stall_s / 4]
    assert len(late) >= 9
    assert max(run.latencies_s) >= stall_s
