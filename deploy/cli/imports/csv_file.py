"""Read the table of an import from a CSV file of any common encoding and dialect."""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from deploy.cli.csv_guard import unescape_formula
from deploy.cli.imports.dialect import Dialect, named_delimiter, recognise_dialect
from deploy.cli.imports.encoding import encoding_name, recognise_encoding
from deploy.cli.imports.table import REASON, BadFile, NamedCells, Rejected, Row, Table

_SAMPLE: Final = 65_536
"""Characters from which the dialect is recognised."""


def read_csv(
    file: Path, *, encoding: str | None = None, delimiter: str | None = None, columns: Collection[str] = ()
) -> Table:
    """Read a CSV file; what is not given is recognised, with the help of the `columns` that it should have.

    A row with too few or too many cells, or with a broken quote, is a rejected one.

    Raises:
        BadFile: it cannot be decoded, or has no header; while it is read: a quote is opened and never closed.
    """
    between = None if delimiter is None else named_delimiter(delimiter)
    if delimiter is not None and between is None:
        raise BadFile(f"{delimiter!r} cannot separate cells: give one character, or tab")
    coding = recognise_encoding(file, encoding)
    with file.open(encoding=coding, newline="") as text:
        dialect = recognise_dialect(text.read(_SAMPLE), between, columns)
    header = next(_records(file, coding, dialect), None)
    if not isinstance(header, Row):
        raise BadFile(f"{file.name} is empty" if header is None else f"{file.name}: {header.reason}")
    names = [name.strip() for name in header.raw]
    form = f"{encoding_name(coding)}, {dialect}"
    return Table(names, lambda: _rows(file, coding, dialect, names), form, dialect.delimiter)


def _rows(file: Path, encoding: str, dialect: Dialect, header: list[str]) -> Iterator[Row | Rejected]:
    records = _records(file, encoding, dialect)
    next(records)
    for record in records:
        if isinstance(record, Rejected):
            yield record
            continue
        cells = NamedCells(zip(header, (cell.strip() for cell in record.raw), strict=False))
        row = Row(record.line, record.raw, cells)
        # The reason is no cell of the row, and is not counted.
        found, wanted = (len(names) - (header[0] == REASON) for names in (record.raw, header))
        yield row if found == wanted else Rejected(row, f"{found} cells instead of {wanted}")


def _records(file: Path, encoding: str, dialect: Dialect) -> Iterator[Row | Rejected]:
    """Yield the cells of each record that is not empty, the header first."""
    with file.open(encoding=encoding, newline="") as text:
        lines = _Lines(text, dialect.skipped)
        reader = csv.reader(lines, strict=True, **dialect.options)
        while True:
            lines.taken.clear()
            try:
                found = next(reader, None)
            except csv.Error as error:
                yield _broken(file, lines, error)
                continue
            if found is None:
                return
            cells = [unescape_formula(cell) for cell in found]
            if any(cell.strip() for cell in cells):
                yield Row(lines.number, tuple(cells), {})


def _broken(file: Path, lines: "_Lines", error: csv.Error) -> Rejected:
    first = lines.number - len(lines.taken) + 1
    if len(lines.taken) > 1 or "end of data" in str(error):
        raise BadFile(f"{file.name}: a quote is opened in line {first} and not closed properly: {error}") from error
    row = Row(lines.number, ("".join(lines.taken).rstrip("\r\n"),), {})
    return Rejected(row, f"a quote is not closed properly: {error}")


class _Lines:
    """Counts the lines of a text, and keeps those of the record that is being read."""

    def __init__(self, text: Iterator[str], skipped: int) -> None:
        self.number = skipped
        self.taken: list[str] = []
        self._text = text
        for _ in range(skipped):
            next(text, "")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.number += 1
        self.taken.append(line)
        return line
