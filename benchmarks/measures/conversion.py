"""B2, B9 and B11: leads are converted; until everything can be read, as peers count, and by two replicas."""

from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks.bench import Bench, callers
from benchmarks.figures import Run
from benchmarks.load import Pace
from benchmarks.measures.own_stack import own_stack, verify
from benchmarks.program import Target, measured
from benchmarks.results import NOTHING, Row, Side

_TARGET_RATE = 10


async def b2(bench: Bench) -> None:
    """Convert leads into contact, company and deal, until the last timeline entry can be read."""
    row = Row("B2", "", NOTHING)
    await _beside_limit(bench, replace(row, p50_at_most=0.65), {"callers": 1}, 80)
    await _beside_limit(bench, replace(row, at_least=0.40, times_at_least=2.0), {"callers": 16}, 500)
    await _beside_limit(bench, replace(row, at_least=0.35, times_at_least=2.0), {"callers": 64}, 700)


async def b2_open(bench: Bench) -> None:
    """Convert leads at a steady rate, whether or not those before are done."""
    for rate in (10, 30, 60):
        row = Row("B2", "", NOTHING, by_latency=True)
        if rate == _TARGET_RATE:
            row = replace(row, p50_below=3.0, p99_below=6.0)
        await _beside_limit(bench, row, {"per_second": rate}, rate * 10)


async def b9(bench: Bench) -> None:
    """Convert leads until deal, contact and company can be read back over HTTP, as other CRMs are measured."""
    for number, operations in ((1, 60), (16, 500)):
        row = Row("B9", f"convert leads until all three can be read, {callers(number)}", NOTHING)
        await bench.compare(row, "reading_back", **bench.given({"callers": number}, operations))


async def b11(bench: Bench) -> None:
    """Convert leads by two replicas of each service beside one, in the order 1 2 2 1, and verify what is stored.

    Raises:
        MeasurementFailed: something was lost: a conversion did not reach its last entry, or a promise is broken.
    """
    async with own_stack(bench, "replicas") as stack:
        given = bench.given({"callers": 16}, 500)
        await _converted(bench, stack.target, "warm-up", given)
        one = [await _converted(bench, stack.target, "one replica", given)]
        with stack.replicas() as urls:
            both = replace(stack.target, more_urls=(urls,))
            # The replicas share out the partitions first.
            await _converted(bench, both, "warm-up of two", given)
            two = [await _converted(bench, both, "two replicas", given) for _ in range(2)]
        one.append(await _converted(bench, stack.target, "one replica", given))
        bench.say("B11 crm verify")
        await verify(stack.target)
    row = Row("B11", "convert leads by two replicas of each service, 16 callers; beside one", NOTHING, at_least=0.85)
    bench.add(replace(row, ours=Side.of(two), limit=Side.of(one)))


async def _converted(bench: Bench, target: Target, what: str, given: dict[str, Any]) -> Run:
    bench.say(f"B11 {what}")
    return await measured("ours.conversion", target, **given)


async def _beside_limit(bench: Bench, row: Row, pace: Pace, operations: int) -> None:
    given = bench.given(pace, operations)
    how = callers(pace["callers"]) if "callers" in pace else f"{pace['per_second']}/s open loop"
    limit = partial(measured, "limits.conversion", bench.target, **given)
    await bench.compare(replace(row, what=f"convert leads, {how}"), "conversion", limit=limit, **given)
