"""The benchmarks themselves: what is measured, how often, and what it is held against.

The surprise: ours and the limit take turns, so that whatever the machine does to one it does to the other. B8 comes
first: its past must be as small as it says, and its thousands of conversions warm up Kafka's JVM for all others. B5
comes last: its million contacts would be in everybody's way.
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
from benchmarks.program import Where, measured
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
    where: Where
    results: Results
    console: Console
    rounds: int
    share: float

    async def b1(self) -> None:
        """Leads are created over HTTP."""
        async with self._bare_fastapi() as url:
            bare = replace(self.where, urls={"leads": url})
            for callers, operations in ((1, 300), (16, 1500)):
                given = self._given({"callers": callers}, operations)
                await self._beside(
                    Row("B1", f"create leads, {_callers(callers)}", _NOTHING, at_least=0.45),
                    partial(measured, "ours.creation", self.where, **given),
                    partial(measured, "ours.creation", bare, **given),
                )

    async def b2(self) -> None:
        """Leads are converted into contact, company and deal, until the last timeline entry can be read."""
        for callers, operations, target in ((1, 80, None), (16, 500, 0.45), (64, 700, 0.45)):
            row = Row("B2", f"convert leads, {_callers(callers)}", _NOTHING, at_least=target)
            await self._conversions(row, {"callers": callers}, operations)
        for rate in (10, 30, 60):
            row = Row("B2", f"convert leads, {rate}/s open loop", _NOTHING, by_latency=True)
            if rate == _TARGET_RATE:
                row = replace(row, p50_below=3.0, p99_below=6.0)
            await self._conversions(row, {"per_second": rate}, rate * 10)

    async def b3(self) -> None:
        """A company with ten contacts is linked to a deal, until they are attached."""
        for callers, operations in ((1, 100), (16, 500)):
            given = self._given({"callers": callers}, operations)
            await self._beside(
                Row("B3", f"link a company with 10 contacts, {_callers(callers)}", _NOTHING),
                partial(measured, "ours.linking", self.where, **given),
                partial(measured, "limits.linking", self.where, **given),
            )

    async def b4(self) -> None:
        """The timeline of a full topic."""
        events = self._some(20_000)

        async def ours() -> Run:
            chain = f"bench-{uuid4().hex[:8]}"
            timeline = self.stack.services["timeline"]
            await asyncio.to_thread(timeline.terminate)
            await fill(self.where, events=events, chain=chain)
            timeline.start()
            return await measured("ours.projection", self.where, events=events, chain=chain)

        row = Row("B4", f"tell the timeline of {events:,} events on the topic", _NOTHING, at_least=0.50)
        await self._beside(row, ours, partial(measured, "limits.projection", self.where, events=events))
        await asyncio.to_thread(self.stack.services["timeline"].wait_ready)

    async def b5(self) -> None:
        """Clients are searched for in a village, a town and a city: it takes as long in each."""
        await measured("ours.conversion", self.where, **self._given({"callers": 8}, 20))  # leaves a contact to copy
        found: dict[tuple[str, int], list[tuple[int, Side]]] = {}
        for size in (10_000, 100_000, 1_000_000):
            people = self._some(size)
            await asyncio.to_thread(populate, self.where.mongo, people)
            for by, callers in product(("name", "names", "phone", "e-mail"), (1, 16)):
                given = self._given({"callers": callers}, 1000) | {"by": by, "people": people}
                self.console.print(f"[dim]B5 search by {by} among {people:,}, {_callers(callers)}", highlight=False)
                runs = [await measured("ours.searching", self.where, **given) for _ in range(self.rounds)]
                found.setdefault((by, callers), []).append((people, Side.of(runs)))
        for (by, callers), sides in found.items():
            village = sides[0][1]
            for people, side in sides:
                row = Row("B5", f"search by {by} among {people:,}, {_callers(callers)}", side, village, by_latency=True)
                if side is sides[-1][1]:
                    row = replace(row, p99_at_most=2.0, p99_below_ms=20.0 if callers == 1 else None)
                self._add(row)

    async def b6(self) -> None:
        """A file of leads is imported, eight rows at a time."""
        folder = os.environ.get("CRM_DATASET") or str(SAMPLES)
        leads = len(read_table(DataSet.of(Path(folder)).files[Kind.LEADS]).rows)
        async with self._bare_fastapi() as url:
            bare = replace(self.where, urls={"leads": url})
            given = self._given({"callers": 8}, 1500)
            await self._beside(
                Row("B6", f"import a file of {leads:,} leads", _NOTHING),
                partial(measured, "ours.importing", self.where, folder=folder, parallel=8),
                partial(measured, "ours.creation", bare, **given),
            )

    async def b7(self) -> None:
        """What a conversion leaves in each service's database and topic, and what the processes keep in memory."""
        given = self._given({"callers": 16}, 300)
        number = given["warm_up"] + given["operations"] + 1  # leads that are created and converted meanwhile
        before = await asyncio.to_thread(stored, self.where)
        await measured("ours.conversion", self.where, **given)
        after = await asyncio.to_thread(stored, self.where)
        self.results.growth = {
            name: {kind: (size - before[name].get(kind, 0)) // number for kind, size in sizes.items()}
            for name, sizes in after.items()
        }
        self._remember("after the load")

    async def b8(self) -> None:
        """The same conversions beside a past of 1x, 10x, 100x; one size after the other."""
        given = self._given({"callers": 16}, 400)
        await measured("ours.conversion", self.where, **given)  # warms up, and leaves what is copied
        base = self._some(1_000)
        found: list[tuple[str, Side]] = []
        for times in (1, 10, 100):
            grown = await asyncio.to_thread(grow, self.where.mongo, deals=times * base, entries=10 * times * base)
            self.console.print(f"[dim]B8 {grown}", highlight=False)
            runs = [await measured("ours.conversion", self.where, **given) for _ in range(self.rounds)]
            found.append((f"convert leads, 16 callers, at first beside {grown}", Side.of(runs)))
        for what, side in found:
            last = what == found[-1][0]
            self._add(Row("B8", what, side, limit=found[0][1], at_least=0.85 if last else None))

    async def _conversions(self, row: Row, pace: Pace, operations: int) -> None:
        given = self._given(pace, operations)
        await self._beside(
            row,
            partial(measured, "ours.conversion", self.where, **given),
            partial(measured, "limits.conversion", self.where, **given),
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
        """Memory before anything is done."""
        self._remember("at rest")

    def _remember(self, moment: str) -> None:
        seen = taken(Path(self.where.directory))
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
            [sys.executable, "-m", "benchmarks.limits.creation", str(port), self.where.mongo],
            directory=Path(self.where.directory),
        )
        url = f"http://127.0.0.1:{port}"
        server.start()
        try:
            await asyncio.to_thread(server.wait_ready, lambda: answers_ok(f"{url}/health/ready"), 30)
            yield url
        finally:
            await asyncio.to_thread(server.terminate)

    def all(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Each by its name."""
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
