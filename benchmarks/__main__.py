"""`make bench`."""

import asyncio

import typer
from rich.console import Console
from rich.pretty import pprint

from benchmarks import site
from benchmarks.figures import Run
from benchmarks.ours.counting import count as count_conversion
from benchmarks.program import Where, measured

app = typer.Typer(add_completion=False)
console = Console(width=200)


def show(name: str, run: Run) -> None:
    n = len(run.latencies_s)
    cpu = {k: round(v * 1000 / n, 1) for k, v in run.cpu_s.items()}
    console.print(
        name,
        f"{run.per_second:.1f}/s p50 {run.percentile_ms(50):.0f} p95 {run.percentile_ms(95):.0f} p99 {run.percentile_ms(99):.0f} ms",
        "CPU ms",
        cpu,
        f"sum {sum(cpu.values()):.1f} busy {sum(run.cpu_s.values()) / run.elapsed_s:.2f}",
        highlight=False,
    )


@app.command()
def count() -> None:
    with site.running(console.print) as (_, where):
        pprint(asyncio.run(count_conversion(where)), expand_all=True)


@app.command()
def b2(callers: int = 16, operations: int = 400, rounds: int = 1, rate: float = 0, limit: bool = True) -> None:
    async def work(where: Where) -> None:
        given = {"per_second": rate} if rate else {"callers": callers}
        for _ in range(rounds):
            for name in ("ours.conversion", "limits.conversion")[: 1 + limit]:
                show(name, await measured(name, where, operations=operations, **given))

    with site.running(lambda _: None) as (_, where):
        asyncio.run(work(where))


if __name__ == "__main__":
    app()
