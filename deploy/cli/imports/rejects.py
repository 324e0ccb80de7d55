"""Write the file of rejected rows while an import runs.

It has the columns of the imported file, and the reason before them, so that it can be corrected and imported. Its rows
have the cells that they had: one that is a cell short is rejected again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from deploy.cli.csv_guard import csv_writer
from deploy.cli.imports.table import REASON, BadFile, Rejected


@contextmanager
def reject_file(
    file: Path, header: list[str], delimiter: str = ",", *, source: Path | None = None
) -> Iterator[Callable[[Rejected], None]]:
    """Yield a function that writes a rejected row; the file has all of them, also where the block breaks off.

    The file that was there is replaced at the end, as it may be the imported one, the `source`; it is removed where
    nothing was rejected. A block that breaks off removes nothing, and leaves the source, of which not all rows were
    tried.

    Raises:
        BadFile: it cannot be written.
    """
    unfinished = file.with_name(f".{file.name}.unfinished")
    columns = header[1:] if header[0] == REASON else header
    count = 0
    try:
        with _opened(unfinished) as text:
            put = csv_writer(text, delimiter)
            put([REASON, *columns])

            def write(rejected: Rejected) -> None:
                nonlocal count
                count += 1
                raw = rejected.row.raw[1:] if header[0] == REASON else rejected.row.raw
                put([rejected.reason, *raw])

            yield write
    except BaseException:
        if count and not (source and file.exists() and file.samefile(source)):
            unfinished.replace(file)
        raise
    else:
        if count:
            unfinished.replace(file)
        else:
            file.unlink(missing_ok=True)
    finally:
        unfinished.unlink(missing_ok=True)


def _opened(file: Path) -> TextIO:
    try:
        return file.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadFile(f"{file.parent} cannot take the file of rejected rows: {error.strerror}") from error


def write_rejects(file: Path, header: list[str], rejects: Iterable[Rejected]) -> None:
    """Write the rejected rows in the order of the file; remove the file if there are none."""
    with reject_file(file, header) as write:
        for rejected in sorted(rejects, key=lambda rejected: rejected.row.line):
            write(rejected)
