"""Read the table of an import from a sheet of an XLSX file.

An XLSX file is an untrusted archive: its size is checked before it is unpacked, and any error that a broken file causes
becomes one sentence.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from openpyxl import load_workbook

from deploy.cli.imports.table import BadFile, Rejected, Row, Table

MOST_UNPACKED: Final = 256 * 1024 * 1024
"""Bytes; a sheet of a few hundred thousand rows has that many."""

Line = tuple[int, list[Any]]
"""The number of a row in its sheet, from 1, and its cells."""


def read_workbook(file: Path, sheet: str | None = None) -> Table:
    """Read a sheet, by default the first: its first row that is not empty is the header, empty rows are ignored.

    A formula counts as its last computed value. Numbers, dates and booleans become texts as a CSV file has them.

    Raises:
        BadFile: it is no XLSX file, unpacks to too much, or has no such sheet or no header.
    """
    try:
        _check_size(file)
        with file.open("rb") as opened:
            return _table(file.name, _rows(opened, file.name, sheet))
    except BadFile:
        raise
    except Exception as error:
        cause = error.__cause__ or error
        first, *_ = str(cause).splitlines() or [""]
        raise BadFile(f"{file.name} cannot be read: {type(cause).__name__}: {first}") from error


def _check_size(file: Path) -> None:
    # The archive library never unpacks more of a part than its header declares.
    with ZipFile(file) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > MOST_UNPACKED:
        raise BadFile(f"{file.name} unpacks to {unpacked >> 20} MB; {MOST_UNPACKED >> 20} MB are the most")


def _rows(opened: Any, name: str, sheet: str | None) -> Iterator[Line]:
    book = load_workbook(opened, read_only=True, data_only=True, keep_links=False)
    try:
        sheets = {each.title: each for each in book.worksheets}
        if not sheets or (sheet is not None and sheet not in sheets):
            raise BadFile(f"{name} has no sheet {sheet or ''!r}, but {', '.join(map(repr, sheets))}")
        chosen: Any = sheets[sheet] if sheet is not None else next(iter(sheets.values()))
        chosen.reset_dimensions()  # programs that write them wrongly are many
        for line, cells in enumerate(chosen.iter_rows(), start=1):
            filled = [place for place, cell in enumerate(cells, start=1) if _text(cell.value).strip()]
            if filled:
                yield line, list(cells[: filled[-1]])
    finally:
        book.close()


def _table(name: str, lines: Iterator[Line]) -> Table:
    first = next(lines, None)
    if first is None:
        raise BadFile(f"{name} is empty")
    header = [_text(cell.value).strip() for cell in first[1]]
    rows: list[Row] = []
    malformed: list[Rejected] = []
    for line, cells in lines:
        raw = [_text(cell.value) for cell in cells]
        raw += [""] * (len(header) - len(raw))
        row = Row(line, tuple(raw), {column: text.strip() for column, text in zip(header, raw, strict=False)})
        wrong = [
            f"{column}: the cell holds {cell.value}"
            for column, cell in zip(header, cells, strict=False)
            if cell.data_type == "e"
        ]
        if len(raw) > len(header):
            wrong.append(f"{len(raw)} cells instead of {len(header)}")
        if wrong:
            malformed.append(Rejected(row, "; ".join(wrong)))
        else:
            rows.append(row)
    return Table(header, rows, malformed)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            number = Decimal(repr(value))
            return f"{number.to_integral() if number == number.to_integral() else number:f}"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)
