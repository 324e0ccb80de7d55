"""B14: the dates of many templates come within one minute, while one of two replicas is killed; before, they wait."""

import asyncio
from itertools import count
from time import monotonic
from typing import Final

from benchmarks import templates
from benchmarks.bench import Bench
from benchmarks.figures import Run
from benchmarks.load import closed
from benchmarks.measures.own_stack import own_stack, verify
from benchmarks.ours.callers import Callers
from benchmarks.program import MeasurementFailed, Target, measured
from benchmarks.results import Row, Side
from benchmarks.system import HeldStack

_TEMPLATES: Final = 10_000
_IDLE_S: Final = 30.0
_PATIENCE_S: Final = 600.0
_KILLED_AFTER_S: Final = 20.0


async def b14(bench: Bench) -> None:
    """Make a deal of each of many templates.

    Raises:
        MeasurementFailed: a template has made no deal, or more than one; or a promise is broken.
    """
    number = bench.some(_TEMPLATES)
    async with own_stack(bench, "timers") as stack:
        target = stack.target
        none = await _cpu_share(bench, target, "no template")
        bench.say(f"B14 {number:,} templates")
        await _create(target, number)
        many = await _cpu_share(bench, target, "templates that wait")
        with stack.replicas():
            run = await _come(bench, stack, number)
            bench.say("B14 crm verify")
            await verify(target)
    what = f"make {number:,} deals of templates that are due within one minute, one of two replicas killed"
    waiting = f"while {number:,} waited deals took {many:.1%} of a core, {many / none:.2f}x of what it takes with none"
    bench.add(
        Row("B14", what, Side.of([run]), notes=f"latencies are how late a deal was; each was made once; {waiting}")
    )


async def _create(target: Target, number: int) -> None:
    schedule = {"start_date": templates.tomorrow(), "every": {"number": 1, "unit": "day"}}
    async with Callers(target) as crm:
        source = (await crm.send("POST", "deals", "/deals", {"title": "Service contract"}))["id"]

        async def create(_: int) -> None:
            await crm.send("POST", "deals", "/recurring-deals", {"based_on_id": source, **schedule})

        await closed(create, callers=16, operations=number, numbers=count())


async def _cpu_share(bench: Bench, target: Target, what: str) -> float:
    """Return how much of a core the service takes while nothing is asked of it."""
    bench.say(f"B14 {what}")
    seconds = _IDLE_S * bench.share
    run = await measured("ours.idling", target, seconds=seconds)
    return run.cpu_s["deals"] / seconds


async def _come(bench: Bench, stack: HeldStack, number: int) -> Run:
    """Let all dates come, kill a replica while they do, and return how late each deal was made."""
    bench.say("B14 the dates come")
    began = monotonic()
    mongo = stack.target.mongo
    await asyncio.to_thread(templates.come, mongo)
    await asyncio.sleep(_KILLED_AFTER_S)
    await asyncio.to_thread(stack.kill_service, "deals")
    await asyncio.to_thread(stack.start_service, "deals")
    while await asyncio.to_thread(templates.made, mongo) < number:
        if monotonic() - began > _PATIENCE_S:
            raise MeasurementFailed(f"{await asyncio.to_thread(templates.made, mongo)} of {number} deals were made")
        await asyncio.sleep(1)
    elapsed = monotonic() - began
    await asyncio.to_thread(stack.wait_ready)
    late = await asyncio.to_thread(templates.lateness, mongo)
    if len(late) != number:
        raise MeasurementFailed(f"{number} templates have made {len(late)} deals")
    return Run(late, elapsed, number)
