"""Jobs end when they are stopped."""

import asyncio

from shared.kit.service.jobs import Jobs
from tests.deadlines import DEADLINE_S


async def test_a_job_that_swallows_its_cancellation_is_ended_all_the_same() -> None:
    """As aiokafka does where a consumer that is being started is cancelled: a service would never stop."""
    begun = asyncio.Event()

    async def swallow() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    jobs = Jobs()
    jobs.add(3600, swallow, first_s=0)
    jobs.start()
    await begun.wait()
    async with asyncio.timeout(DEADLINE_S):
        await jobs.stop()
