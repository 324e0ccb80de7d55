"""Read the table of an import from a sheet of an XLSX file, row by row.

An XLSX file is an untrusted archive: its size is checked before it is unpacked, and any error that a broken file causes
becomes one sentence.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZipFile

from openpyxl import load_workbook

from deploy.cli.imports.table import BadFile, NamedCells, Rejected, Row, Table, Wrong
from deploy.cli.workbook_texts import unescape_returns

MOST_UNPACKED: Final = 4 << 30
"""Bytes of all parts together; a million rows of ten cells have a tenth of that."""
MOST_HELD: Final = 256 << 20
"""Bytes of a part that is no sheet, and therefore held whole in memory."""
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s>/]")
_CHUNK: Final = 1 << 20

Line = tuple[int, list[Any], set[int]]
"""The number of a row in its sheet, from 1, its cells, and the places of those that are formulas."""


def read_workbook(file: Path, sheet: str | None = None) -> Table:
    """Read a sheet, by default the first: its first row that is not empty is the header, empty rows are ignored.

    Of a formula its last computed value counts; one without it rejects its row. Numbers, dates and booleans become
    texts as a CSV file has them.

    Raises:
        BadFile: it is no XLSX file, unpacks to too much, or has no such sheet or no header.
    """
    with _one_sentence(file):
        _check_size(file)
        with_formulas = _has_formulas(file)
        first = next(_lines(file, sheet, with_formulas=with_formulas), None)
    if first is None:
        raise BadFile(f"{file.name} is empty")
    header = [_text(cell.value).strip() for cell in first[1]]

    def read() -> Iterator[Row | Rejected]:
        with _one_sentence(file):
            lines = _lines(file, sheet, with_formulas=with_formulas)
            next(lines)
            yield from (_row(header, line) for line in lines)

    return Table(header, read, "an XLSX file")


@contextmanager
def _one_sentence(file: Path) -> Iterator[None]:
    try:
        yield
    except (BadFile, GeneratorExit):
        raise
    except Exception as error:
        cause = error.__cause__ or error
        first, *_ = str(cause).splitlines() or [""]
        raise BadFile(f"{file.name} cannot be read: {type(cause).__name__}: {first}") from error


def _check_size(file: Path) -> None:
    # The archive library never unpacks more of a part than its header declares.
    with ZipFile(file) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    held = max((part.file_size for part in parts if not _SHEET.fullmatch(part.filename)), default=0)
    for size, most in ((unpacked, MOST_UNPACKED), (held, MOST_HELD)):
        if size > most:
            raise BadFile(f"{file.name} unpacks to {size >> 20} MB; {most >> 20} MB are the most")


def _has_formulas(file: Path) -> bool:
    """Return whether a cell of a sheet is a formula: only then its formulas are read beside its values."""
    with ZipFile(file) as archive:
        for name in archive.namelist():
            if _SHEET.fullmatch(name):
                with archive.open(name) as part:
                    if _is_in(part):
                        return True
    return False


def _is_in(part: IO[bytes]) -> bool:
    before = b""
    while chunk := part.read(_CHUNK):
        if _FORMULA.search(before + chunk):
            return True
        before = chunk[-80:]
    return False


def _lines(file: Path, name: str | None, *, with_formulas: bool) -> Iterator[Line]:
    with file.open("rb") as values, file.open("rb") as formulas:
        computed = _sheet(values, file.name, name, data_only=True)
        written = _sheet(formulas, file.name, name, data_only=False) if with_formulas else repeat(())
        for number, (cells, sources) in enumerate(zip(computed, written, strict=False), start=1):
            formulas_at = {place for place, cell in enumerate(sources) if cell.data_type == "f"}
            filled = {place for place, cell in enumerate(cells) if _text(cell.value).strip()} | formulas_at
            if filled:
                yield number, list(cells[: max(filled) + 1]), formulas_at


def _sheet(opened: IO[bytes], file: str, name: str | None, *, data_only: bool) -> Iterator[tuple[Any, ...]]:
    book = load_workbook(opened, read_only=True, data_only=data_only, keep_links=False)
    try:
        sheets = {each.title: each for each in book.worksheets}
        if not sheets or (name is not None and name not in sheets):
            raise BadFile(f"{file} has no sheet {name or ''!r}, but {', '.join(map(repr, sheets))}")
        chosen: Any = sheets[name] if name is not None else next(iter(sheets.values()))
        chosen.reset_dimensions()  # programs that write them wrongly are many
        yield from chosen.iter_rows()
    finally:
        book.close()


def _row(header: list[str], line: Line) -> Row | Rejected:
    number, cells, formulas = line
    raw = [_text(cell.value) for cell in cells]
    raw += [""] * (len(header) - len(raw))
    typed = frozenset(name for name, cell in zip(header, cells, strict=False) if cell.data_type in {"n", "d"})
    named = NamedCells((name, text.strip()) for name, text in zip(header, raw, strict=False))
    row = Row(number, tuple(raw), named, typed)
    wrong = []
    for place, cell in enumerate(cells):
        if problem := _problem(cell, is_formula=place in formulas):
            column = header[place] if place < len(header) else str(place + 1)
            wrong.append(Wrong(column, problem, f"{column}: {problem}"))
    if len(raw) > len(header):
        wrong.append(Wrong("", "cells", f"{len(raw)} cells instead of {len(header)}"))
    return Rejected(row, "; ".join(one.text for one in wrong), tuple(wrong)) if wrong else row


def _problem(cell: Any, *, is_formula: bool) -> str | None:
    if cell.data_type == "e":
        return f"the cell holds {cell.value}"
    if is_formula and cell.value is None:
        return "the cell holds a formula without a result: open the file in a spreadsheet and save it"
    return None


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
            return unescape_returns(str(value))
