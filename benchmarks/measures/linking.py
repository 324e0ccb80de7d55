"""B3: a company with ten contacts is linked to a deal."""

from functools import partial

from benchmarks.bench import Bench, callers
from benchmarks.program import measured
from benchmarks.results import NOTHING, Row


async def b3(bench: Bench) -> None:
    """Link a company with ten contacts to a deal, until they are attached."""
    for number, operations, target in ((1, 100, None), (16, 500, 1.5)):
        if number == 1 and bench.theirs is not None:
            continue  # the targets against another revision are about load
        given = bench.given({"callers": number}, operations)
        row = Row("B3", f"link a company with 10 contacts, {callers(number)}", NOTHING, times_at_least=target)
        limit = partial(measured, "limits.linking", bench.target, **given)
        await bench.compare(row, "linking", limit=limit, **given)
