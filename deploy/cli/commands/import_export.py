"""Bring data in and out: `crm import` and `crm export`."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Literal

import typer

from deploy.cli import views
from deploy.cli.client import Crm
from deploy.cli.commands.options import AsJson, Originator, Parallel
from deploy.cli.commands.runner import ERR, OUT, failed, operate, print_json
from deploy.cli.exports import Exported, export
from deploy.cli.imports import Counts, Import, Kind, read_mapping
from deploy.cli.imports.dialect import named_delimiter
from deploy.cli.imports.files import read_table
from deploy.cli.imports.mapping import known_country, known_time_zone
from deploy.cli.imports.rejects import reject_file, reject_name


def _checked(check: Callable[[str], str]) -> Callable[[str], str]:
    """Make the parser of an option that has to pass a check."""

    def parse(given: str) -> str:
        try:
            return check(given)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse


ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]


def import_file(
    kind: Kind,
    file: ExistingFile,
    *,
    map_: Annotated[Path, typer.Option("--map", exists=True, dir_okay=False, help="TOML file: what columns mean.")],
    reject: Annotated[
        Path | None,
        typer.Option(
            help="For bad rows, else NAME.rejected.csv in this folder, of FILE without its suffix. A file that is "
            "there stays, and the next free name is taken, such as NAME.rejected-2.csv."
        ),
    ] = None,
    originator: Originator = None,
    sheet: Annotated[str | None, typer.Option(help="Of an XLSX file, instead of the first.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Such as cp1252 or utf-16, instead of the recognised one.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Between cells, such as ; or tab.")] = None,
    decimal: Annotated[Literal[".", ","] | None, typer.Option(help="Decimal mark of all numbers.")] = None,
    dates: Annotated[Literal["dmy", "mdy"] | None, typer.Option(help="How 3/4/1990 is meant.")] = None,
    country: Annotated[
        str | None,
        typer.Option(
            parser=_checked(known_country),
            metavar="CODE",
            help="Of phones without a country code, such as US; wrong ones are named.",
        ),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            parser=_checked(known_time_zone), metavar="NAME", help="Of times that do not say theirs, such as UTC."
        ),
    ] = None,
    parallel: Parallel = 8,
    as_json: AsJson = False,
) -> None:
    """Create or correct the records in the rows of a CSV, XLSX or VCF file, by origin, as often as you like.

    Encoding, delimiter, decimal mark and dates are recognised and said, where no option names them.

    Exit code 1 where rows were rejected: they are in a new CSV file with their reasons, ready to be corrected and
    imported. No file that is there is overwritten or deleted.
    The records belong to whom the column of `responsible_id` names, else to the user of the token.
    Rows of records that were merged into others are skipped. Corrections made here are kept if the mapping names a
    column of `origin_version`.

    Example: crm import contacts people.csv --map deploy/samples/google-contacts.toml --country US
    """
    options = {
        "encoding": encoding,
        "delimiter": delimiter,
        "decimal": decimal,
        "dates": dates,
        "country": country,
        "time_zone": time_zone,
    }

    async def run(crm: Crm) -> tuple[Counts, Path | None]:
        mapping = read_mapping(map_, originator=originator, **options)
        table = read_table(file, sheet, encoding=mapping.encoding, delimiter=mapping.delimiter, columns=mapping.used)
        with reject_file(wanted, table.header, table.delimiter) as rejects:
            counts = await Import(crm, kind, mapping, ERR, parallel, hand_on=rejects).run(table)
        return counts, rejects.written

    wanted = reject or reject_name(file)
    counts, rejected = operate(run)
    if as_json:
        print_json(_whole(file, counts, rejected))
    else:
        views.counts(OUT, file.name, counts)
    if rejected:
        stays = "" if rejected == wanted else f"; {wanted} was there already, and stays as it is"
        was = "row was" if counts.rejected == 1 else "rows were"
        raise failed(f"{counts.rejected} {was} rejected; see {rejected}{stays}")


def _whole(file: Path, counts: Counts, rejected: Path | None) -> dict[str, Any]:
    numbers = {name: getattr(counts, name) for name in ("created", "updated", "unchanged", "skipped", "rejected")}
    reasons, where = [asdict(reason) for reason in counts.reasons], str(rejected) if rejected else None
    return {
        "file": file.name,
        **numbers,
        "recognised": list(counts.said),
        "reasons": reasons,
        "left_out": dict(counts.left_out),
        "as_typed": {name: asdict(kept) for name, kept in counts.as_typed.items()},
        "reject_file": where,
    }


def export_file(
    what: Exported,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Its suffix says the format: .csv or .xlsx.")],
    *,
    originator: Annotated[str | None, typer.Option(help="Only what came from there.")] = None,
    delimiter: Annotated[str, typer.Option(help="Of a CSV file, such as ; for spreadsheets of many countries.")] = ",",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Write all contacts, companies or deals into a file; of contacts and deals those that may be exported.

    An unfinished file is never left behind, and one that is there stays without --overwrite. What records have and no
    column takes is said. `deploy/samples/exported-contacts.toml` and `exported-companies.toml` are
    mappings for importing such a file again, as is `exported-deals.toml`. All need the permission to read, contacts
    clients:export and deals deals:export as well.

    Example: crm export contacts contacts.xlsx
    """
    between = named_delimiter(delimiter)
    if between is None:
        raise typer.BadParameter("give one character, or tab", param_hint="--delimiter")
    started = monotonic()
    lacking: Counter[str] = Counter()
    count = operate(
        lambda crm: export(
            crm,
            what,
            file,
            console=ERR,
            originator=originator,
            delimiter=between,
            overwrite=overwrite,
            left_out=lacking,
        )
    )
    OUT.print(f"{file.name}: {count} {what.value} in {monotonic() - started:.1f} s", highlight=False)
    if lacking:
        said = ", ".join(f"{name} of {number}" for name, number in sorted(lacking.items()))
        OUT.print(f"  the file has no column for: {said}", highlight=False, soft_wrap=True)
