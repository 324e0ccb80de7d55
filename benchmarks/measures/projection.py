"""B4: the timeline service projects a topic that is full when it starts."""

import asyncio
from functools import partial
from uuid import uuid4

from benchmarks.bench import LIMIT, OURS, Bench
from benchmarks.figures import Run
from benchmarks.ours.projection import fill
from benchmarks.program import measured
from benchmarks.results import NOTHING, Row


async def b4(bench: Bench) -> None:
    """Project the timeline of a full topic."""
    events = bench.some(20_000)

    async def ours() -> Run:
        chain = f"bench-{uuid4().hex[:8]}"
        await asyncio.to_thread(bench.ours.stop_service, "timeline")
        await fill(bench.target, events=events, chain=chain)
        await asyncio.to_thread(bench.ours.start_service, "timeline")
        return await measured("ours.projection", bench.target, events=events, chain=chain)

    row = Row("B4", f"project the timeline of {events:,} events on the topic", NOTHING, at_least=0.35)
    await bench.by_turns(row, {OURS: ours, LIMIT: partial(measured, "limits.projection", bench.target, events=events)})
    await asyncio.to_thread(bench.ours.wait_ready)
