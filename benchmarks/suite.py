"""The benchmarks: what is measured, how often, and against which limit.

Ours and the limit take turns, so that variation of the machine affects both. B8 comes first: its history must be small
at the beginning, and its thousands of conversions warm up Kafka's JVM for all others. B5 comes last: its million
contacts would slow down the others.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console

from benchmarks.figures import Run
from benchmarks.growth import grow
from benchmarks.load import Pace
from benchmarks.ours.projection import fill
from benchmarks.people import populate
from benchmarks.program import Target, measured
from benchmarks.resources import stored, taken
from benchmarks.results import Results, Row, Side
from deploy.cli.demo.dataset import SAMPLES, DataSet
from deploy.cli.imports import Kind
from deploy.cli.imports.files import read_table
from deploy.local.ports import free_port
from deploy.local.process import ChildProcess
from deploy.local.services import answers_ok
from deploy.local.stack import LocalStack

Measure = Callable[[], Awaitable[Run]]


@dataclass
class Suite:
    """All benchmarks on one running stack; `share` scales how much is done."""

    stack: LocalStack
    target: Target
    results: Results
    console: Console
    rounds: int
    share: float

    async def b1(self) -> None:
        """Create leads over HTTP."""
        async with self._bare_fastapi() as url:
            bare = replace(self.target, urls={"leads": url})
            for callers, operations in ((1, 300), (16, 1500)):
                given = self._given({"callers": callers}, operations)
                await self._beside(
                    Row("B1", f"create leads, {_callers(callers)}", _NOTHING, at_least=0.45),
                    partial(measured, "ours.creation", self.target, **given),
                    partial(measured, "ours.creation", bare, **given),
                )

    async def b2(self) -> None:
        """Convert leads into contact, company and deal, until the last timeline entry can be read."""
        for callers, operations, target in ((1, 80, None), (16, 500, 0.45), (64, 700, 0.45)):
            row = Row("B2", f"convert leads, {_callers(callers)}", _NOTHING, at_least=target)
            await self._conversions(row, {"callers": callers}, operations)
        for rate in (10, 30, 60):
            row = Row("B2", f"convert leads, {rate}/s open loop", _NOTHING, by_latency=True)
            if rate == _TARGET_RATE:
                row = replace(row, p50_below=3.0, p99_below=6.0)
            await self._conversions(row, {"per_second": rate}, rate * 10)

    async def b3(self) -> None:
        """Link a company with ten contacts to a deal, until they are attached."""
        for callers, operations in ((1, 100), (16, 500)):
            given = self._given({"callers": callers}, operations)
            await self._beside(
                Row("B3", f"link a company with 10 contacts, {_callers(callers)}", _NOTHING),
                partial(measured, "ours.linking", self.target, **given),
                partial(measured, "limits.linking", self.target, **given),
            )

    async def b4(self) -> None:
        """Project the timeline of a full topic."""
        events = self._some(20_000)

        async def ours() -> Run:
            chain = f"bench-{uuid4().hex[:8]}"
            timeline = self.stack.services["timeline"]
            await asyncio.to_thread(timeline.terminate)
            await fill(self.target, events=events, chain=chain)
            timeline.start()
            return await measured("ours.projection", self.target, events=events, chain=chain)

        row = Row("B4", f"project the timeline of {events:,} events on the topic", _NOTHING, at_least=0.50)
        await self._beside(row, ours, partial(measured, "limits.projection", self.target, events=events))
        await asyncio.to_thread(self.stack.services["timeline"].wait_ready)

    async def b5(self) -> None:
        """Search clients in three sizes of database, each ten times the one before."""
        await measured("ours.conversion", self.target, **self._given({"callers": 8}, 20))  # leaves a contact to copy
        found: dict[tuple[str, int], list[tuple[int, Side]]] = {}
        for size in (10_000, 100_000, 1_000_000):
            people = self._some(size)
            await asyncio.to_thread(populate, self.target.mongo, people)
            for by, callers in product(("name", "names", "phone", "e-mail"), (1, 16)):
                given = self._given({"callers": callers}, 1000) | {"by": by, "people": people}
                self.console.print(f"[dim]B5 search by {by} among {people:,}, {_callers(callers)}", highlight=False)
                runs = [await measured("ours.searching", self.target, **given) for _ in range(self.rounds)]
                found.setdefault((by, callers), []).append((people, Side.of(runs)))
        for (by, callers), sides in found.items():
            smallest = sides[0][1]
            for people, side in sides:
                row = Row(
                    "B5", f"search by {by} among {people:,}, {_callers(callers)}", side, smallest, by_latency=True
                )
                if side is sides[-1][1]:
                    row = replace(row, p99_at_most=2.0, p99_below_ms=20.0 if callers == 1 else None)
                self._add(row)

    async def b6(self) -> None:
        """Import a file of leads, eight rows at a time."""
        folder = os.environ.get("CRM_DATASET") or str(SAMPLES)
        leads = len(read_table(DataSet.of(Path(folder)).files[Kind.LEADS]).rows)
        async with self._bare_fastapi() as url:
            bare = replace(self.target, urls={"leads": url})
            given = self._given({"callers": 8}, 1500)
            await self._beside(
                Row("B6", f"import a file of {leads:,} leads", _NOTHING),
                partial(measured, "ours.importing", self.target, folder=folder, parallel=8),
                partial(measured, "ours.creation", bare, **given),
            )

    async def b7(self) -> None:
        """Measure what a conversion adds to each service's database and topic, and the memory of the processes."""
        given = self._given({"callers": 16}, 300)
        number = given["warm_up"] + given["operations"] + 1  # leads that are created and converted meanwhile
        before = await asyncio.to_thread(stored, self.target)
        await measured("ours.conversion", self.target, **given)
        after = await asyncio.to_thread(stored, self.target)
        self.results.growth = {
            name: {kind: (size - before[name].get(kind, 0)) // number for kind, size in sizes.items()}
            for name, sizes in after.items()
        }
        self._remember("after the load")

    async def b8(self) -> None:
        """Convert leads beside a history of 1x, 10x, 100x; one size after the other."""
        given = self._given({"callers": 16}, 400)
        await measured("ours.conversion", self.target, **given)  # warms up, and leaves what is copied
        base = self._some(1_000)
        found: list[tuple[str, Side]] = []
        for times in (1, 10, 100):
            grown = await asyncio.to_thread(grow, self.target.mongo, deals=times * base, entries=10 * times * base)
            self.console.print(f"[dim]B8 {grown}", highlight=False)
            runs = [await measured("ours.conversion", self.target, **given) for _ in range(self.rounds)]
            found.append((f"convert leads, 16 callers, at first beside {grown}", Side.of(runs)))
        for what, side in found:
            last = what == found[-1][0]
            self._add(Row("B8", what, side, limit=found[0][1], at_least=0.85 if last else None))

    async def _conversions(self, row: Row, pace: Pace, operations: int) -> None:
        given = self._given(pace, operations)
        await self._beside(
            row,
            partial(measured, "ours.conversion", self.target, **given),
            partial(measured, "limits.conversion", self.target, **given),
        )

    async def _beside(self, row: Row, ours: Measure, limit: Measure) -> None:
        mine, bare = [], []
        for number in range(self.rounds):
            self.console.print(f"[dim]{row.benchmark} {row.what}: round {number + 1}", highlight=False)
            mine.append(await ours())
            bare.append(await limit())
        self._add(replace(row, ours=Side.of(mine), limit=Side.of(bare)))

    def _add(self, row: Row) -> None:
        self.results.rows.append(row)
        text = f"[bold]{row.benchmark}[/] {row.what}: {_figures(row.ours)}"
        if row.limit is not None and row.ratio is not None:
            text += f"; limit {_figures(row.limit)}; ratio [bold]{row.ratio.median:.2f}[/]"
        self.console.print(text, highlight=False)

    def remember_rest(self) -> None:
        """Record the memory before the first benchmark."""
        self._remember("at rest")

    def _remember(self, moment: str) -> None:
        seen = taken(Path(self.target.directory))
        self.results.memory_mib[moment] = {
            name: each.resident >> 20 for name, each in seen.items() if name != "measuring"
        }

    def _given(self, pace: Pace, operations: int) -> dict[str, Any]:
        return {"warm_up": self._some(40), "operations": self._some(operations), "pace": pace}

    def _some(self, number: int) -> int:
        return max(10, int(number * self.share))

    @asynccontextmanager
    async def _bare_fastapi(self) -> AsyncIterator[str]:
        port = free_port()
        server = ChildProcess(
            "bare",
            [sys.executable, "-m", "benchmarks.limits.creation", str(port), self.target.mongo],
            directory=Path(self.target.directory),
        )
        url = f"http://127.0.0.1:{port}"
        server.start()
        try:
            await asyncio.to_thread(server.wait_ready, lambda: answers_ok(f"{url}/health/ready"), 30)
            yield url
        finally:
            await asyncio.to_thread(server.terminate)

    def all(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Yield each benchmark with its name."""
        for name in ("b8", "b1", "b2", "b3", "b4", "b6", "b7", "b5"):
            yield name, getattr(self, name)


_NOTHING = Side(())
_TARGET_RATE = 10


def _callers(number: int) -> str:
    return "1 caller" if number == 1 else f"{number} callers"


def _figures(side: Side) -> str:
    rate = sorted(side.per_second)[len(side.per_second) // 2]
    if not side.p50:
        return f"{rate:.1f}/s"
    p50, p99 = (sorted(values)[len(values) // 2] for values in (side.p50, side.p99))
    return f"{rate:.1f}/s (p50 {p50:.0f}, p99 {p99:.0f} ms)"
