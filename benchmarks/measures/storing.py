"""B7 and B8: what a conversion leaves on disk and in memory, and what a long history costs."""

import asyncio

from benchmarks.bench import Bench
from benchmarks.growth import grow
from benchmarks.program import measured
from benchmarks.resources import stored
from benchmarks.results import Amount, Row, Side
from benchmarks.system import HeldStack

AFTER = "after the load"


async def b7(bench: Bench) -> None:
    """Measure what a conversion adds to each service's database and topic, and the memory of the processes.

    Against another revision it comes first, and is the same for both: neither has done anything else before.
    """
    growth = bench.results.growth = await _grown(bench, bench.ours)
    bench.remember_memory(AFTER, bench.ours)
    if bench.theirs is None:
        return
    theirs = await _grown(bench, bench.theirs)
    moment = f"{AFTER}, {bench.results.against}"
    bench.remember_memory(moment, bench.theirs)
    await bench.give_machine_to(bench.ours)
    memory = [sum(bench.results.memory_mib[each].values()) for each in (AFTER, moment)]
    documents, others = (_documents_and_indexes(found) for found in (growth, theirs))
    bench.results.amounts += [
        Amount("MiB of all processes after the load", memory[0], memory[1], at_most=1.0),
        Amount("bytes on MongoDB's disk per conversion", growth["mongo"]["on disk"], theirs["mongo"]["on disk"], 0.6),
        Amount("bytes of documents and indexes per conversion", documents, others),
    ]


async def b8(bench: Bench) -> None:
    """Convert leads beside a history of 1x, 10x, 100x; one size after the other."""
    await bench.give_machine_to(bench.ours)
    given = bench.given({"callers": 16}, 400)
    await measured("ours.conversion", bench.target, **given)  # warms up, and leaves what is copied
    base = bench.some(1_000)
    found: list[tuple[str, Side]] = []
    for times in (1, 10, 100):
        grown = await asyncio.to_thread(grow, bench.target.mongo, deals=times * base, entries=10 * times * base)
        bench.say(f"B8 {grown}")
        runs = [await measured("ours.conversion", bench.target, **given) for _ in range(bench.rounds)]
        found.append((f"convert leads, 16 callers, at first beside {grown}", Side.of(runs)))
    for what, side in found:
        last = what == found[-1][0]
        bench.add(Row("B8", what, side, limit=found[0][1], at_least=0.85 if last else None))


async def _grown(bench: Bench, stack: HeldStack) -> dict[str, dict[str, int]]:
    await bench.give_machine_to(stack)
    bench.say(f"B7 what a conversion adds at {stack.checkout.commit}")
    given = bench.given({"callers": 16}, 600)
    number = given["warm_up"] + given["operations"] + 1  # leads that are created and converted meanwhile
    before = await asyncio.to_thread(stored, stack.target)
    await measured("ours.conversion", stack.target, **given)
    after = await asyncio.to_thread(stored, stack.target)
    return {
        name: {kind: (size - before[name].get(kind, 0)) // number for kind, size in sizes.items()}
        for name, sizes in after.items()
    }


def _documents_and_indexes(growth: dict[str, dict[str, int]]) -> int:
    return sum(sizes.get("documents", 0) + sizes.get("indexes", 0) for sizes in growth.values())
