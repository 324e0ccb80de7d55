"""What every measurement is made with: the stacks, whose turn it is, and the results.

Ours, its bare limit and, with `--against`, the other revision take turns (`benchmarks.turns`). The bare limit uses the
servers of our stack, which does nothing meanwhile.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks.figures import Run
from benchmarks.load import Pace
from benchmarks.program import Target, measured
from benchmarks.resources import memory_mib
from benchmarks.results import NOTHING, Results, Row, Side
from benchmarks.system import HeldStack
from benchmarks.turns import turns
from deploy.local.ports import free_port
from deploy.local.process import ChildProcess
from deploy.local.services import answers_ok
from deploy.local.waiting import START_DEADLINE_S

Measure = Callable[[], Awaitable[Run]]
OURS, LIMIT, THEIRS = "ours", "limit", "theirs"
_FEWEST: Final = 10


@dataclass
class Bench:
    """A run of the benchmarks; `share` scales how much is done."""

    ours: HeldStack
    theirs: HeldStack | None
    results: Results
    console: Console
    rounds: int
    share: float

    @property
    def target(self) -> Target:
        """Our own stack."""
        return self.ours.target

    async def compare(
        self, row: Row, module: str, *, limit: Measure | None = None, rounds: int | None = None, **given: Any
    ) -> None:
        """Measure both revisions by `benchmarks.ours.<module>`, and the limit, by turns; add the row."""

        def on(target: Target) -> Measure:
            return partial(measured, f"ours.{module}", target, **given)

        sides: dict[str, Measure] = {OURS: on(self.target)}
        if limit is not None:
            sides[LIMIT] = limit
        if self.theirs is not None:
            sides[THEIRS] = on(self.theirs.target)
        await self.by_turns(row, sides, rounds)

    async def by_turns(self, row: Row, sides: Mapping[str, Measure], rounds: int | None = None) -> None:
        """Measure each side as often as there are rounds, and add the row."""
        runs: dict[str, list[Run]] = {side: [] for side in sides}
        for side in turns(list(sides), rounds or self.rounds):
            await self.give_machine_to(self.theirs if side == THEIRS and self.theirs else self.ours)
            self.say(f"{row.benchmark} {row.what}: {side}, {len(runs[side]) + 1}")
            runs[side].append(await sides[side]())
        found = {side: Side.of(each) for side, each in runs.items()}
        self.add(replace(row, ours=found[OURS], limit=found.get(LIMIT), theirs=found.get(THEIRS)))

    async def give_machine_to(self, stack: HeldStack | None) -> None:
        """Pause every other stack, so that it costs nothing, and continue this one."""
        for other in (self.ours, self.theirs):
            if other is not None and other is not stack:
                await asyncio.to_thread(other.pause)
        if stack is not None:
            await asyncio.to_thread(stack.resume)

    def add(self, row: Row) -> None:
        """Keep a row, and print it."""
        self.results.rows.append(row)
        text = f"[bold]{row.benchmark}[/] {row.what}: {figures(row.ours) if row.ours != NOTHING else 'not there'}"
        if row.limit is not None and row.ratio is not None:
            text += f"; limit {figures(row.limit)}; ratio [bold]{row.ratio.median:.2f}[/]"
        if row.theirs is not None and row.times is not None:
            text += f"; {self.results.against} {figures(row.theirs)}; [bold]{row.times.median:.2f}x[/]"
        self.console.print(text, highlight=False, soft_wrap=True)

    def say(self, line: str) -> None:
        """Print what is being done."""
        self.console.print(f"[dim]{line}", highlight=False)

    def remember_memory(self, moment: str, stack: HeldStack) -> None:
        """Record the memory of each process of a stack."""
        self.results.memory_mib[moment] = memory_mib(Path(stack.target.directory))

    def given(self, pace: Pace, operations: int) -> dict[str, Any]:
        """Return the parameters of a measurement with a warm-up."""
        return {"warm_up": self.some(40), "operations": self.some(operations), "pace": pace}

    def some(self, number: int) -> int:
        """Scale a number."""
        return max(_FEWEST, int(number * self.share))

    @asynccontextmanager
    async def bare_fastapi(self) -> AsyncIterator[Target]:
        """Serve the bare limit of creations within the block."""
        await self.give_machine_to(self.ours)
        port = free_port()
        server = ChildProcess(
            "bare",
            [sys.executable, "-m", "benchmarks.limits.creation", str(port), self.target.mongo],
            directory=Path(self.target.directory),
        )
        url = f"http://127.0.0.1:{port}"
        server.start()
        try:
            await asyncio.to_thread(server.wait_ready, lambda: answers_ok(f"{url}/health/ready"), START_DEADLINE_S)
            yield replace(self.target, urls={"leads": url}, more_urls=())
        finally:
            await asyncio.to_thread(server.terminate)


def callers(number: int) -> str:
    """Say how many callers there are."""
    return "1 caller" if number == 1 else f"{number} callers"


def figures(side: Side) -> str:
    """Say what was measured of a side."""
    rate = sorted(side.per_second)[len(side.per_second) // 2]
    if not side.p50:
        return f"{rate:.1f}/s"
    p50, p99 = (sorted(values)[len(values) // 2] for values in (side.p50, side.p99))
    return f"{rate:.1f}/s (p50 {p50:.0f}, p99 {p99:.0f} ms)"
