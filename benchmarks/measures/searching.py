"""B5: clients are searched for among ever more of them."""

import asyncio
from dataclasses import replace
from itertools import product

from benchmarks.bench import Bench, callers
from benchmarks.people import populate
from benchmarks.program import measured
from benchmarks.results import Row, Side


async def b5(bench: Bench) -> None:
    """Search clients in three sizes of database, each ten times the one before."""
    await bench.give_machine_to(bench.ours)
    # Leaves a contact to copy.
    await measured("ours.conversion", bench.target, **bench.given({"callers": 8}, 20))
    found: dict[tuple[str, int], list[tuple[int, Side]]] = {}
    for size in (10_000, 100_000, 1_000_000):
        people = bench.some(size)
        await asyncio.to_thread(populate, bench.target.mongo, people)
        for by, number in product(("name", "names", "phone", "e-mail"), (1, 16)):
            given = bench.given({"callers": number}, 1000) | {"by": by, "people": people}
            bench.say(f"B5 search by {by} among {people:,}, {callers(number)}")
            runs = [await measured("ours.searching", bench.target, **given) for _ in range(bench.rounds)]
            found.setdefault((by, number), []).append((people, Side.of(runs)))
    for (by, number), sides in found.items():
        smallest = sides[0][1]
        for people, side in sides:
            row = Row("B5", f"search by {by} among {people:,}, {callers(number)}", side, smallest, by_latency=True)
            if side is sides[-1][1]:
                row = replace(row, p99_at_most=2.0, p99_below_ms=20.0 if number == 1 else None)
            bench.add(row)
