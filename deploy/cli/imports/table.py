"""Read the table of an import from a CSV file, and write the file of rejected rows.

The file of rejected rows has the columns of the imported file and one more, so that it can be corrected and imported.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cli.csv_guard import csv_writer, unescape_formula

REASON: Final = "reason"


class BadFile(Exception):
    """The file is not a table with a header."""


class BadRow(Exception):
    """The row cannot be imported, for these reasons."""


@dataclass(frozen=True)
class Row:
    """One row; `line` is where it ends in the file, `cells` are trimmed, `raw` is what the file has."""

    line: int
    raw: tuple[str, ...]
    cells: dict[str, str]


@dataclass(frozen=True)
class Rejected:
    """A row that was not imported."""

    row: Row
    reason: str


@dataclass(frozen=True)
class Table:
    """A whole file; rows with too few or too many cells are rejected from the start."""

    header: list[str]
    rows: list[Row]
    malformed: list[Rejected]


def read_csv(file: Path) -> Table:
    """Read a CSV file.

    Raises:
        BadFile: it is not UTF-8, or has no header.
    """
    rows, malformed = [], []
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            header = [unescape_formula(name) for name in next(reader, [])]
            if not header:
                raise BadFile(f"{file.name} is empty")
            for found in reader:
                cells = [unescape_formula(cell) for cell in found]
                if not any(cell.strip() for cell in cells):
                    continue
                trimmed = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
                row = Row(reader.line_num, tuple(cells), trimmed)
                if len(cells) == len(header):
                    rows.append(row)
                else:
                    malformed.append(Rejected(row, f"{len(cells)} cells instead of {len(header)}"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{file.name} cannot be read: {error}") from error
    return Table(header, rows, malformed)


def write_rejects(file: Path, header: list[str], rejects: Iterable[Rejected]) -> None:
    """Write the rejected rows with their reasons, in the order of the file; remove the file if there are none."""
    found = sorted(rejects, key=lambda rejected: rejected.row.line)
    if not found:
        file.unlink(missing_ok=True)
        return
    with file.open("w", encoding="utf-8", newline="") as text:
        put = csv_writer(text)
        # A file of rejects that was rejected again has one reason, the new one.
        columns = header[:-1] if header[-1] == REASON else header
        put([*columns, REASON])
        for rejected in found:
            raw = rejected.row.raw[: len(columns)] if columns != header else rejected.row.raw
            cells = [*raw, *[""] * (len(columns) - len(raw))]
            put([*cells, rejected.reason])
