"""Bring data in and out: `crm import` and `crm export`."""

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from deploy.cli import views
from deploy.cli.client import Crm
from deploy.cli.commands.options import Originator, Parallel
from deploy.cli.commands.runner import ERR, OUT, failed, operate
from deploy.cli.exports import Exported, export
from deploy.cli.imports import Counts, Import, Kind, read_mapping
from deploy.cli.imports.files import read_table
from deploy.cli.imports.table import write_rejects

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
    """Create or correct the records in the rows of a CSV or XLSX file, by origin, as often as you like.

    Exit code 1 where rows were rejected: they are in a CSV file with their reasons, ready to be corrected and imported.
    Rows of records that were merged into others are skipped. Corrections made here are kept if the mapping names a
    column of `origin_version`.
    """

    async def run(crm: Crm) -> Counts:
        mapping = read_mapping(map_, originator=originator)
        table = read_table(file, sheet)
        counts = await Import(crm, kind, mapping, ERR, parallel).run(table)
        write_rejects(rejects, table.header, counts.rejects)
        return counts

    # Not beside the file: a data set is often read-only.
    rejects = reject or Path(f"{file.stem}.rejected.csv")
    counts = operate(run)
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
    mappings for importing such a file again. Both need the permission clients:read, contacts clients:export as well.
    """
    started = monotonic()
    count = operate(lambda crm: export(crm, what, file, console=ERR, originator=originator))
    OUT.print(f"{file.name}: {count} {what.value} in {monotonic() - started:.1f} s", highlight=False)
