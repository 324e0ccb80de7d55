"""B13: single deals are read over HTTP."""

from benchmarks.figures import Run
from benchmarks.load import Pace, paced
from benchmarks.ours.callers import Callers
from benchmarks.program import Target

_DEALS = 100


async def measure(target: Target, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """Read one deal in each operation, the newest in turn."""
    async with Callers(target) as crm:
        page = await crm.send("GET", "deals", f"/deals?limit={_DEALS}")
        ids = [deal["id"] for deal in page["items"]]

        async def read(number: int) -> None:
            await crm.send("GET", "deals", f"/deals/{ids[number % len(ids)]}")

        return await paced(read, target, warm_up=warm_up, operations=operations, pace=pace)
