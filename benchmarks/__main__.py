"""Run `make bench` and `make bench-quick`; `run --only b2` measures a part, `count` counts what a conversion costs."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.pretty import pprint

from benchmarks import report, system
from benchmarks.ours.counting import count as count_conversion
from benchmarks.results import Results
from benchmarks.suite import Suite

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None)
console = Console()


@app.command()
def run(
    *,
    quick: Annotated[bool, typer.Option(help="a tenth of it: shows that it works, not what it gives")] = False,
    only: Annotated[list[str] | None, typer.Option(help="b1, b2, ...; the page is then left alone")] = None,
    rounds: Annotated[int, typer.Option(help="of ours and the limit, by turns")] = 3,
) -> None:
    """Measure, print, keep the results, and write docs/performance.md."""
    with system.running(console.print) as (stack, target):
        results = Results.begin(f"Kafka {stack.kafka.provider}, MongoDB {stack.mongo.provider}", quick=quick)
        share = 0.1 if quick else 1.0
        suite = Suite(stack, target, results, console, rounds=1 if quick else rounds, share=share)
        asyncio.run(_run(suite, only))
    console.print(report.table(results), markup=False, highlight=False)
    if not only and not quick:
        report.write(results)


async def _run(suite: Suite, only: list[str] | None) -> None:
    suite.remember_rest()
    for name, benchmark in suite.all():
        if not only or name in only:
            await benchmark()
        if not only:
            suite.results.save()  # what was measured is kept even if the rest fails


@app.command()
def count() -> None:
    """Count the writes, commands, events and entries of one conversion."""
    with system.running(console.print) as (_, target):
        pprint(asyncio.run(count_conversion(target)), expand_all=True)


if __name__ == "__main__":
    app()
