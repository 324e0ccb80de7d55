"""B12: deals are listed by generated filters among a million, with and without rights that restrict the caller."""

import asyncio
from collections.abc import Sequence
from typing import Final

from benchmarks import deals
from benchmarks.bench import Bench
from benchmarks.figures import Run
from benchmarks.program import measured
from benchmarks.results import Row, Side

_MILLION: Final = 1_000_000
_FILTERS: Final = 10_000
_EXPLAINED: Final = 200


async def b12(bench: Bench) -> None:
    """List deals by one filter after the other, by turns as a user who reads all and as one who reads his own."""
    await bench.give_machine_to(bench.ours)
    # Leaves a deal to copy.
    await measured("ours.conversion", bench.target, **bench.given({"callers": 8}, 20))
    there = await asyncio.to_thread(deals.populate, bench.target.mongo, bench.some(_MILLION))
    given = bench.given({"callers": 1}, _FILTERS // bench.rounds)
    runs: dict[bool, list[Run]] = {False: [], True: []}
    for turn in range(bench.rounds):
        for is_restricted, done in runs.items():
            bench.say(f"B12 filters among {there:,} deals, {'own' if is_restricted else 'all'}")
            first = turn * given["operations"]
            done.append(
                await measured("ours.filtering", bench.target, **given, first=first, is_restricted=is_restricted)
            )
    notes = {}
    for is_restricted, done in runs.items():
        bench.say(f"B12 what is examined, {'own' if is_restricted else 'all'}")
        sample = {"filters": bench.some(_EXPLAINED), "stride": _FILTERS // _EXPLAINED, "is_restricted": is_restricted}
        notes[is_restricted] = _notes(done, await measured("ours.examining", bench.target, **sample))
    everybody, own = Side.of(runs[False]), Side.of(runs[True])
    what = f"list {there:,} deals by a filter, 1 caller"
    bench.add(Row("B12", what, everybody, by_latency=True, p99_below_ms=50.0, notes=notes[False]))
    what = f"the same by a user who reads his own, 1 of {deals.USERS:,}"
    bench.add(Row("B12", what, own, everybody, by_latency=True, p99_at_most=1.5, notes=notes[True]))


def _notes(runs: Sequence[Run], examined: Run) -> str:
    """Say how many pages were short though there may be more, and what of a sample MongoDB examined."""
    short, pages = sum(run.counted["incomplete"] for run in runs), sum(run.operations for run in runs)
    seen = examined.counted
    return (
        f"{short:,} of {pages:,} pages incomplete; of {examined.operations} explained at most {seen['keys']:,} keys "
        f"and {seen['documents']:,} documents, {seen['scans']} collection scans, {seen['sorts']} sorts"
    )
