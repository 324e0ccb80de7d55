"""B1: leads are created over HTTP; the bare limit is asked by the same callers."""

from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.load import Pace, paced
from benchmarks.ours.callers import Callers, a_lead
from benchmarks.program import Target


async def measure(target: Target, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """Create a new lead in each operation."""
    async with Callers(target) as crm:
        run = uuid4().hex[:8]

        async def create(number: int) -> None:
            await crm.send("POST", "leads", "/leads", a_lead(number, run))

        return await paced(create, target, warm_up=warm_up, operations=operations, pace=pace)
