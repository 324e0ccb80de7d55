"""B13: many deals are changed by a run, beside people who read, and by a service that is killed again and again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, Final

import aiohttp

from benchmarks.bench import Bench
from benchmarks.figures import Run
from benchmarks.measures.own_stack import own_stack, verify
from benchmarks.ours.callers import Callers, Refused
from benchmarks.program import MeasurementFailed, Target, measured
from benchmarks.results import Row, Side
from benchmarks.system import HeldStack
from benchmarks.turns import turns

_DEALS: Final = 10_000
_DEATHS: Final = 10
_BATCH: Final = 100
_LOOK_EACH_S: Final = 0.1
_PATIENCE_S: Final = 120.0
"""Within which a run has to get on: longer than a lease and a start of the service."""
_ALONE, _BESIDE = "alone", "beside a run"


async def b13(bench: Bench) -> None:
    """Change deals by runs: read others beside one by turns, then kill the service in one, beside one undisturbed.

    Raises:
        MeasurementFailed: a deal was not changed, or a promise is broken.
    """
    deals, deaths = bench.some(_DEALS), max(1, int(_DEATHS * bench.share))
    async with own_stack(bench, "runs") as stack, Callers(stack.target) as crm:
        bench.say(f"B13 {deals:,} deals")
        for first in range(0, deals, _BATCH):
            items = [{"title": f"Deal {number}"} for number in range(first, min(first + _BATCH, deals))]
            await crm.send("POST", "deals", "/deals/batch", {"items": items})
        undisturbed = await _read_beside(bench, stack.target, crm, deals)
        bench.say(f"B13 {deaths} deaths")
        killed = await _run(crm, "eve", deals, partial(_die, stack, deaths))
        bench.say("B13 crm verify")
        await verify(stack.target)
    what = f"change {deals:,} deals by a run, the service killed {deaths} times; beside a run that nothing disturbs"
    bench.add(Row("B13", what, Side.of([killed]), Side.of([undisturbed])))


async def _read_beside(bench: Bench, target: Target, crm: Callers, deals: int) -> Run:
    """Read deals beside a run and without one by turns, and return how fast a run is beside nothing."""
    undisturbed = await _run(crm, "bob", deals)
    run = await _start(crm, "carl")
    given = bench.given({"callers": 1}, 1_000)
    runs: dict[str, list[Run]] = {_ALONE: [], _BESIDE: []}
    for side in turns([_ALONE, _BESIDE], bench.rounds):
        bench.say(f"B13 read deals {side}")
        await crm.send("POST", "deals", f"/runs/{run}/{'pause' if side == _ALONE else 'resume'}")
        runs[side].append(await measured("ours.reading", target, **given))
    state = (await crm.send("GET", "deals", f"/runs/{run}"))["state"]
    if state not in {"waiting", "running", "paused"}:
        raise MeasurementFailed(f"the run beside the reads was {state} before they were")
    await crm.send("POST", "deals", f"/runs/{run}/cancel")
    beside, alone = Side.of(runs[_BESIDE]), Side.of(runs[_ALONE])
    bench.add(
        Row("B13", "read a deal beside a run, 1 caller; without one", beside, alone, by_latency=True, p99_at_most=2.0)
    )
    return undisturbed


async def _start(crm: Callers, user: str) -> str:
    body = {"filter": {}, "action": {"type": "assign", "responsible_id": user}}
    return str((await crm.send("POST", "deals", "/deals/bulk", body))["id"])


async def _run(crm: Callers, user: str, deals: int, disturb: Any = None) -> Run:
    """Give all deals to a user, and return how long it took."""
    began = monotonic()
    run = await _start(crm, user)
    if disturb is not None:
        await disturb(crm, run, deals)
    found = await _until(crm, run, lambda found: found["state"] == "done", within_s=_PATIENCE_S + deals)
    if found["counts"]["ok"] != deals:
        raise MeasurementFailed(f"of {deals} deals a run has changed {found['counts']}")
    return Run([], monotonic() - began, deals)


async def _die(stack: HeldStack, deaths: int, crm: Callers, run: str, deals: int) -> None:
    """Kill the service so many times, always when it has gone on."""
    for death in range(1, deaths + 1):
        await _until(crm, run, partial(_has_handled, deals * death // (deaths + 1)))
        await asyncio.to_thread(stack.kill_service, "deals")
        await asyncio.to_thread(stack.start_service, "deals")
        await asyncio.to_thread(stack.wait_ready)


def _has_handled(number: int, found: dict[str, Any]) -> bool:
    return bool(found["handled"] >= number)


async def _until(
    crm: Callers, run: str, holds: Callable[[dict[str, Any]], bool], *, within_s: float = _PATIENCE_S
) -> dict[str, Any]:
    """Read a run until this holds; a connection that a death has cut is no answer."""
    async with asyncio.timeout(within_s):
        while True:
            with suppress(aiohttp.ClientError, Refused):
                found: dict[str, Any] = await crm.send("GET", "deals", f"/runs/{run}")
                if holds(found):
                    return found
            await asyncio.sleep(_LOOK_EACH_S)
