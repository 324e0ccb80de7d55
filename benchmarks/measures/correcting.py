"""B15: deals are created and corrected."""

from benchmarks.bench import Bench, callers
from benchmarks.results import NOTHING, Row


async def b15(bench: Bench) -> None:
    """Create deals, and correct them; against another revision at most a tenth may be lost."""
    for what in ("create", "correct"):
        given = bench.given({"callers": 16}, 1500)
        row = Row("B15", f"{what} deals, {callers(16)}", NOTHING, times_at_least=0.9)
        await bench.compare(row, "correcting", **given, what=what)
