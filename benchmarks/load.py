"""Generate load: a number of callers (closed loop), or a rate of operations (open loop).

In an open loop the latency of an operation counts from the moment at which it was due, not from its start. So a stall
counts against every operation that was due meanwhile, which a closed loop would leave out (coordinated omission).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TypedDict

from benchmarks.figures import Run
from benchmarks.program import Target
from benchmarks.resources import with_cpu

Operation = Callable[[int], Awaitable[object]]
"""Does the operation of a number, and returns when it is done."""


async def closed(operation: Operation, *, callers: int, operations: int, numbers: Iterator[int] | None = None) -> Run:
    """Run a closed loop: each caller begins its next operation as soon as its last one is done."""
    left = iter(range(operations))
    taken = numbers or count()
    latencies: list[float] = []

    async def call() -> None:
        for _ in left:
            began = monotonic()
            await operation(next(taken))
            latencies.append(monotonic() - began)

    began = monotonic()
    await asyncio.gather(*(call() for _ in range(callers)))
    return Run(latencies, monotonic() - began, len(latencies))


async def open_loop(
    operation: Operation, *, per_second: float, operations: int, numbers: Iterator[int] | None = None
) -> Run:
    """Run an open loop: operations begin at a steady rate, whether or not those before are done."""
    taken = numbers or count()
    latencies: list[float] = []
    began = monotonic()

    async def call(due: float) -> None:
        await operation(next(taken))
        latencies.append(monotonic() - due)

    calls: list[asyncio.Task[None]] = []
    for place in range(operations):
        due = began + place / per_second
        await asyncio.sleep(max(0.0, due - monotonic()))
        calls.append(asyncio.create_task(call(due)))
    await asyncio.gather(*calls)
    return Run(latencies, monotonic() - began, len(latencies))


class Pace(TypedDict, total=False):
    """So many callers, or so many operations per second."""

    callers: int
    per_second: float


async def paced(operation: Operation, target: Target, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """Warm up, then measure, with the CPU time that every process of the stack took meanwhile."""
    numbers = count()
    await closed(operation, callers=8, operations=warm_up, numbers=numbers)
    if "callers" in pace:
        window = closed(operation, callers=pace["callers"], operations=operations, numbers=numbers)
    else:
        window = open_loop(operation, per_second=pace["per_second"], operations=operations, numbers=numbers)
    return await with_cpu(Path(target.directory), window)
