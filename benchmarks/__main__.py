"""Measure the system beside bare limits, and with --against beside another revision of itself, by turns.

Examples: python -m benchmarks --only B2,B9 --quick; python -m benchmarks --against f9eee3b.
"""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.pretty import pprint

from benchmarks import profiling, report
from benchmarks.bench import Bench
from benchmarks.checkouts import NoSuchRevision, checkout, present
from benchmarks.measures.order import Measurement, NoSuchMeasurement, chosen
from benchmarks.ours.counting import count as count_conversion
from benchmarks.program import MeasurementFailed
from benchmarks.results import Results
from benchmarks.system import HeldStack, running

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None)
console = Console()


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    *,
    quick: Annotated[bool, typer.Option(help="a tenth of it: shows that it works, not what it gives")] = False,
    only: Annotated[list[str] | None, typer.Option(help="b1,b2,...; the pages are then left alone")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="of each side, by turns")] = 3,
    against: Annotated[str | None, typer.Option(help="another revision, such as a commit, to compare with")] = None,
) -> None:
    """Measure, print, keep the results, and write the pages."""
    if context.invoked_subcommand is not None:
        return
    try:
        measurements = chosen(only or (), against=against is not None)
        checkouts = [present(), *([checkout(against, say=console.print)] if against else [])]
    except (NoSuchMeasurement, NoSuchRevision) as error:
        raise typer.BadParameter(str(error)) from None
    with running(*checkouts, say=console.print) as stacks:
        results = Results.begin(
            stacks[0].servers,
            commit=checkouts[0].commit,
            against=checkouts[-1].commit if against else "",
            quick=quick,
        )
        share = 0.1 if quick else 1.0
        theirs = stacks[-1] if against else None
        bench = Bench(stacks[0], theirs, results, console, rounds=1 if quick else rounds, share=share)
        failed = asyncio.run(_measure(bench, measurements, keep=not only))
    console.print(report.table(results), markup=False, highlight=False, soft_wrap=True)
    if failed:
        console.print(f"[red]Failed: {', '.join(failed)}; the pages are left alone, `pages` writes what is kept.")
        raise typer.Exit(1)
    if not only and not quick:
        report.write(results)


async def _measure(bench: Bench, measurements: list[Measurement], *, keep: bool) -> list[str]:
    """Measure, go on after a measurement that fails, and return the names of those."""
    failed = []
    bench.remember_memory("at rest", bench.ours)
    for measurement in measurements:
        try:
            await measurement(bench)
        except MeasurementFailed as error:
            console.print(f"{measurement.__name__}: {error}", markup=False, highlight=False)
            failed.append(measurement.__name__)
        if keep:
            bench.results.save()  # what was measured is kept even if the rest ends
    return failed


@app.command()
def count() -> None:
    """Count the writes, commands, events and entries of one conversion."""
    with running(present(), say=console.print) as (stack,):
        pprint(asyncio.run(count_conversion(stack.target)), expand_all=True)


@app.command()
def profile(
    *,
    seconds: Annotated[int, typer.Option(min=1)] = 20,
    callers: Annotated[int, typer.Option(min=1)] = 16,
) -> None:
    """Sample each service with py-spy while leads are converted; print the shares of time by library.

    py-spy is no dependency: install it into the environment by `pip install py-spy`. Where a process may not look into
    others, as in many containers, it needs the capability SYS_PTRACE, or root.
    """

    async def sample(stack: HeldStack) -> None:
        for service, shares in (await profiling.profile(stack.target, seconds=seconds, callers=callers)).items():
            console.print(f"{service}: {profiling.shown(shares)}", highlight=False, soft_wrap=True)

    try:
        profiler = profiling.profiler()
    except profiling.NoProfiler as error:
        raise typer.BadParameter(str(error)) from None
    console.print(f"Sampling with {profiler}")
    with running(present(), say=console.print) as (stack,):
        asyncio.run(sample(stack))


@app.command()
def pages() -> None:
    """Write the pages again from the newest results that are kept."""
    for against in (False, True):
        results = Results.newest(against=against)
        if results is not None:
            report.write(results)


if __name__ == "__main__":
    app()
