"""B12: deals are listed by generated filters among a million, with and without rights that restrict the caller."""

import asyncio

from benchmarks import deals
from benchmarks.bench import Bench
from benchmarks.figures import Run
from benchmarks.program import measured
from benchmarks.results import Row, Side

_MILLION = 1_000_000
_FILTERS = 1_500


async def b12(bench: Bench) -> None:
    """List deals by one filter after the other, by turns as a user who reads all and as one who reads his own."""
    await bench.give_machine_to(bench.ours)
    # Leaves a deal to copy.
    await measured("ours.conversion", bench.target, **bench.given({"callers": 8}, 20))
    there = await asyncio.to_thread(deals.populate, bench.target.mongo, bench.some(_MILLION))
    given = bench.given({"callers": 1}, _FILTERS // bench.rounds)
    runs: dict[bool, list[Run]] = {False: [], True: []}
    for _ in range(bench.rounds):
        for is_restricted, done in runs.items():
            bench.say(f"B12 filters among {there:,} deals, {'own' if is_restricted else 'all'}")
            done.append(await measured("ours.filtering", bench.target, **given, is_restricted=is_restricted))
    everybody = Side.of(runs[False])
    own = Side.of(runs[True])
    bench.add(Row("B12", f"list {there:,} deals by a filter, 1 caller", everybody, by_latency=True, p99_below_ms=50.0))
    what = f"the same by a user who reads his own, 1 of {deals.USERS:,}"
    bench.add(Row("B12", what, own, everybody, by_latency=True, p99_at_most=1.5))
