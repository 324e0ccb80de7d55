"""Run a whole sales pipeline through the CRM: `crm dataset`."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.markup import escape

from deploy.cli.commands.options import Originator, Parallel
from deploy.cli.commands.runner import ERR, OUT, expected_failures, needs_the_repository
from deploy.cli.connection import Connection, NotRunning
from deploy.cli.demo.dataset import DataSet, Trial
from deploy.local.state import local_directory


def dataset(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, envvar="CRM_DATASET")],
    *,
    originator: Originator = None,
    parallel: Parallel = 8,
) -> None:
    """Import and convert a whole sales pipeline, compare it with its oracles.json, and do it all once more.

    On the running stack, or else on a fresh one that ends afterwards. Exit code 1 where anything differs.

    Example: CRM_DATASET=folder crm dataset
    """
    with expected_failures():
        data = DataSet.of(folder)
        try:
            _run(Connection.find(), data, originator, parallel)
        except NotRunning:
            with needs_the_repository():
                from deploy.local.stack import LocalStack  # noqa: PLC0415 - the image of `crm` has not what it needs

            with LocalStack(
                local_directory() / "dataset", say=lambda line: OUT.print(escape(line), highlight=False)
            ) as stack:
                _run(Connection.to(stack), data, originator, parallel)


def _run(connection: Connection, data: DataSet, originator: str | None, parallel: int) -> None:
    async def trial_run() -> Trial:
        async with connection.crm() as crm:
            chosen = originator or data.originator
            trial = Trial(crm, data, ERR, chosen, parallel)
            await trial.run()
            return trial

    started = monotonic()
    trial = asyncio.run(trial_run())
    trial.show()
    verdict = f"{len(trial.problems)} problems" if trial.problems else "every figure is as it should be"
    rows, seconds = data.expected["rows"]["pipeline"], monotonic() - started
    OUT.print(f"{rows} rows, twice, in {seconds:.0f} s; {connection.servers}: {verdict}")
    if trial.problems:
        raise typer.Exit(1)
