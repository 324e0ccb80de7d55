"""B14: nothing is asked of the services, which wait for the moments of their timers."""

import asyncio
from pathlib import Path

from benchmarks.figures import Run
from benchmarks.program import Target
from benchmarks.resources import with_cpu


async def measure(target: Target, *, seconds: float) -> Run:
    """Take the CPU time of all processes meanwhile."""

    async def wait() -> Run:
        await asyncio.sleep(seconds)
        return Run([], seconds, 1)

    return await with_cpu(Path(target.directory), wait())
