"""B10: leads are created in batches of a hundred, and one by one for comparison (`creation`)."""

from itertools import count
from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.load import closed
from benchmarks.ours.callers import Callers, Refused, a_lead
from benchmarks.program import Target

SIZE = 100
PATH = "/leads/batch"


async def measure(target: Target, *, callers: int, batches: int) -> Run:
    """Measure leads per second, after a batch of each caller as a warm-up."""
    async with Callers(target) as crm:
        run, numbers = uuid4().hex[:8], count()

        async def create(_: int) -> None:
            items = [a_lead(next(numbers), run) for _ in range(SIZE)]
            found = await crm.send("POST", "leads", PATH, {"items": items})
            made = [each for each in found["items"] if each.get("id")]
            if len(made) != SIZE:
                raise Refused(f"{len(made)} of {SIZE} leads were created: {found['items'][:2]}")

        await closed(create, callers=callers, operations=callers)
        window = await closed(create, callers=callers, operations=batches)
        return Run((), window.elapsed_s, batches * SIZE)
