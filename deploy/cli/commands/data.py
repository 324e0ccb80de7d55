"""Commands that bring data in and out, and convert leads: import, export, convert, dataset."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from deploy.cli import views
from deploy.cli.client import Crm
from deploy.cli.commands.running import ERR, OUT, failed, operate, told
from deploy.cli.connection import Connection, NotRunning
from deploy.cli.conversions import Results, Wish, check_stages, convert_stage
from deploy.cli.conversions import convert as convert_lead
from deploy.cli.demo.dataset import DataSet, Trial
from deploy.cli.exports import Exported, export
from deploy.cli.imports import Counts, Import, Kind, read_mapping
from deploy.cli.imports.files import read_table
from deploy.cli.imports.table import write_rejects
from deploy.local.stack import LocalStack

Parallel = Annotated[int, typer.Option(min=1, max=64, help="Requests at a time.")]
Originator = Annotated[str | None, typer.Option(help="Instead of the mapping's originator.")]
ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]


def import_file(
    kind: Kind,
    file: ExistingFile,
    *,
    map_: Annotated[Path, typer.Option("--map", exists=True, dir_okay=False, help="TOML file: what columns mean.")],
    reject: Annotated[Path | None, typer.Option(help="For bad rows, else FILE.rejected.csv here.")] = None,
    originator: Originator = None,
    sheet: Annotated[str | None, typer.Option(help="Of an XLSX file, instead of the first.")] = None,
    parallel: Parallel = 8,
) -> None:
    """Create or correct what the rows of a CSV or XLSX file tell of, by origin, as often as you like.

    Exit code 1 where rows were rejected: they are in a CSV file with their reasons, ready to be corrected and imported.
    Skipped are rows of records that were merged into others. What was corrected here stays where the mapping names a
    column of `origin_version`.
    """

    async def put_in(crm: Crm) -> Counts:
        mapping = read_mapping(map_, originator=originator)
        table = read_table(file, sheet)
        counts = await Import(crm, kind, mapping, ERR, parallel).run(table)
        write_rejects(rejects, table.header, counts.rejects)
        return counts

    # Not beside the file: a data set is often read-only.
    rejects = reject or Path(f"{file.stem}.rejected.csv")
    counts = operate(put_in)
    views.counts(OUT, file.name, counts)
    if counts.rejected:
        raise failed(f"{counts.rejected} rows were rejected; see {rejects}")


def export_file(
    what: Exported,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Its suffix says the format: .csv or .xlsx.")],
    *,
    originator: Annotated[str | None, typer.Option(help="Only what came from there.")] = None,
) -> None:
    """Write all contacts or companies into a file; of contacts those that may be exported.

    An unfinished file is never left behind. `deploy/samples/exported-contacts.toml` and `exported-companies.toml` are
    mappings for taking such a file in again. Both need the permission clients:read, contacts clients:export as well.
    """
    started = monotonic()
    count = operate(lambda crm: export(crm, what, file, console=ERR, originator=originator))
    OUT.print(f"{file.name}: {count} {what.value} in {monotonic() - started:.1f} s", highlight=False)


def convert(
    lead: Annotated[str | None, typer.Argument(help="Id of one lead.")] = None,
    *,
    stage: Annotated[str | None, typer.Option(help="All leads of this stage.")] = None,
    originator: Annotated[str | None, typer.Option(help="Of these, those that came from there.")] = None,
    on_duplicate: Annotated[
        Literal["create", "link", "reject"] | None, typer.Option(help="Where the contact is known.")
    ] = None,
    targets: Annotated[str | None, typer.Option(help="Such as contact,company,deal.")] = None,
    deal_stage: Annotated[str | None, typer.Option(help="Then move the deals to this stage, such as WON.")] = None,
    parallel: Parallel = 16,
) -> None:
    """Convert a lead, or all leads of a stage; may be stopped and run again. Exit code 1 where one failed."""
    wish = Wish(on_duplicate, tuple(targets.split(",")) if targets else None, deal_stage)
    if (lead is None) == (stage is None):
        raise typer.BadParameter("give either the id of a lead or --stage")
    if lead is not None:
        outcome, result = operate(lambda crm: _convert_one(crm, lead, wish))
        views.conversion(OUT, outcome, result)
        return
    results = operate(
        lambda crm: convert_stage(crm, stage or "", wish, console=ERR, originator=originator, parallel=parallel)
    )
    _show(results)


async def _convert_one(crm: Crm, lead: str, wish: Wish) -> tuple[str, dict[str, Any]]:
    await check_stages(crm, None, wish.deal_stage)
    return await convert_lead(crm, lead, wish)


def _show(results: Results) -> None:
    ended = ", ".join(f"{count} {outcome}" for outcome, count in sorted(results.counts.items())) or "no leads"
    OUT.print(f"{ended} in {results.seconds:.1f} s")
    for lead, reason in results.failed.items():
        ERR.print(f"[red]{lead}: {escape(reason)}[/]", highlight=False)
    if results.failed:
        raise typer.Exit(1)


def dataset(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, envvar="CRM_DATASET")],
    *,
    originator: Originator = None,
    parallel: Parallel = 8,
) -> None:
    """Import and convert a whole sales pipeline, compare it with its oracles.json, and do it all once more.

    On the stack that runs, or else on a fresh one that ends afterwards. Exit code 1 where anything differs.
    """
    with told():
        data = DataSet.of(folder)
        try:
            _try(Connection.find(), data, originator, parallel)
        except NotRunning:
            with LocalStack(say=lambda line: OUT.print(escape(line), highlight=False)) as stack:
                _try(Connection.to(stack), data, originator, parallel)


def _try(connection: Connection, data: DataSet, originator: str | None, parallel: int) -> None:
    async def go() -> Trial:
        async with connection.crm() as crm:
            chosen = originator or data.originator
            trial = Trial(crm, data, ERR, chosen, parallel)
            await trial.run()
            return trial

    started = monotonic()
    trial = asyncio.run(go())
    trial.show()
    verdict = f"{len(trial.problems)} problems" if trial.problems else "every figure is as it should be"
    rows, seconds = data.oracles["rows"]["pipeline"], monotonic() - started
    OUT.print(f"{rows} rows, twice, in {seconds:.0f} s; {connection.rungs}: {verdict}")
    if trial.problems:
        raise typer.Exit(1)
