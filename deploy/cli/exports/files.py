"""Write the file of an export row by row; it is there only when it is complete.

A file that is there is replaced only by a complete one, and only where that is wished.

Only its owner can read it: it holds personal data.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from deploy.cli.csv_guard import csv_writer
from deploy.cli.imports import BadFile
from deploy.cli.workbook_texts import escape_returns

MOST_ROWS: Final = 1_048_576
"""Of a sheet, including its header."""

Put = Callable[[Sequence[str]], None]


@contextmanager
def writing(file: Path, columns: Sequence[str], delimiter: str = ",", *, overwrite: bool = False) -> Iterator[Put]:
    """Write the header, and yield a function that writes the cells of a row; `delimiter` is that of a CSV file.

    Raises:
        BadFile: it is there already and not to be replaced, it cannot be written, its suffix names no format, or it
            would have too many rows for that.
    """
    kinds = {".csv": lambda opened: _csv(opened, delimiter), ".xlsx": _xlsx}
    if file.suffix.lower() not in kinds:
        raise BadFile(f"{file.name} must end in .csv or .xlsx")
    if file.exists() and not overwrite:
        raise BadFile(f"{file} is there already: give another name, or --overwrite to replace it")
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as unfinished:
            try:
                with kinds[file.suffix.lower()](unfinished) as put:
                    put(columns)
                    yield put
                unfinished.close()
                if not overwrite:
                    file.touch(exist_ok=False)  # another program may have made it meanwhile
                Path(unfinished.name).replace(file)
            except BaseException:
                Path(unfinished.name).unlink()
                raise
    except OSError as error:
        raise BadFile(f"{file} cannot be written: {error.strerror}") from error


@contextmanager
def _csv(opened: IO[bytes], delimiter: str) -> Iterator[Put]:
    # Without the mark a spreadsheet takes the text for one of Windows' own encoding.
    with open(opened.fileno(), "w", encoding="utf-8-sig", newline="", closefd=False) as text:
        yield csv_writer(text, delimiter)


@contextmanager
def _xlsx(opened: IO[bytes]) -> Iterator[Put]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    rows = 0

    def put(cells: Sequence[str]) -> None:
        nonlocal rows
        rows += 1
        if rows > MOST_ROWS:
            raise BadFile(f"a sheet has {MOST_ROWS - 1} rows at most: export into a CSV file")
        sheet.append([text_cell(text) for text in cells])

    def text_cell(text: str) -> Any:
        cell = WriteOnlyCell(sheet, escape_returns(ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)))
        cell.data_type = "s"  # else a text that begins with = is a formula
        cell.number_format = "@"  # it stays a text when it is edited: a phone keeps its zero
        return cell

    try:
        yield put
    finally:
        book.save(opened)
