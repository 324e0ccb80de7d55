"""Write the file of rejected rows while an import runs.

It has the columns of the imported file, and the reason before them, so that it can be corrected and imported. Its rows
have the cells that they had: one that is a cell short is rejected again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.cli.csv_guard import csv_writer
from deploy.cli.imports.table import REASON, Rejected


@contextmanager
def reject_file(file: Path, header: list[str], delimiter: str = ",") -> Iterator[Callable[[Rejected], None]]:
    """Yield a function that writes a rejected row; however the block ends, the file has all that were written.

    The file that was there is replaced at the end, as the imported file may be that one; it is removed where nothing
    was rejected.
    """
    unfinished = file.with_name(f".{file.name}.unfinished")
    columns = header[1:] if header[0] == REASON else header
    count = 0
    try:
        with unfinished.open("w", encoding="utf-8-sig", newline="") as text:
            put = csv_writer(text, delimiter)
            put([REASON, *columns])

            def write(rejected: Rejected) -> None:
                nonlocal count
                count += 1
                raw = rejected.row.raw[1:] if header[0] == REASON else rejected.row.raw
                put([rejected.reason, *raw])

            yield write
    finally:
        if count:
            unfinished.replace(file)
        else:
            unfinished.unlink(missing_ok=True)
            file.unlink(missing_ok=True)


def write_rejects(file: Path, header: list[str], rejects: Iterable[Rejected]) -> None:
    """Write the rejected rows in the order of the file; remove the file if there are none."""
    with reject_file(file, header) as write:
        for rejected in sorted(rejects, key=lambda rejected: rejected.row.line):
            write(rejected)
