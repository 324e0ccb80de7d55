"""Write the file of rejected rows while an import runs.

It has the columns of the imported file, and the reason before them, so that it can be corrected and imported. Its rows
have the cells that they had: one that is a cell short is rejected again.

A file that is there already is never replaced and never removed: it may hold what was corrected by hand.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import fdopen
from pathlib import Path
from tempfile import mkstemp
from typing import Final, TextIO

from deploy.cli.csv_guard import csv_writer
from deploy.cli.imports.table import REASON, BadFile, Rejected

_REJECTED: Final = re.compile(r"\.rejected(-[0-9]+)?$")


class RejectFile:
    """Takes rejected rows, each by a call.

    Attributes:
        written: the file that has them in the end; None without any.
        rows: how many they are.
        has_reasons: whether the imported file begins with reasons, because its rows were rejected before.
    """

    def __init__(self, put: Callable[[Sequence[str]], object], *, has_reasons: bool) -> None:
        self.written: Path | None = None
        self.rows = 0
        self.has_reasons = has_reasons
        self._put = put

    def __call__(self, rejected: Rejected) -> None:
        """Write a row, with its reason in place of that of an earlier import."""
        self.rows += 1
        raw = rejected.row.raw[1:] if self.has_reasons else rejected.row.raw
        self._put([rejected.reason, *raw])


def reject_name(file: Path) -> Path:
    """Return the name of the rejected rows of a file: `people.rejected.csv`, also for what was rejected before.

    It is in the current folder, not beside the file: a data set is often read-only.
    """
    return Path(f"{_REJECTED.sub('', file.stem)}.rejected.csv")


@contextmanager
def reject_file(file: Path, header: list[str], delimiter: str = ",") -> Iterator[RejectFile]:
    """Yield what takes the rejected rows; the file has all of them, also where the block breaks off.

    Where the name is taken, the file gets the next free one, such as `people.rejected-2.csv`. Without a rejected row
    there is no file.

    Raises:
        BadFile: it cannot be written.
    """
    text, unfinished = _opened_beside(file)
    with text:
        put = csv_writer(text, delimiter)
        rejects = RejectFile(put, has_reasons=header[0] == REASON)
        try:
            put([REASON, *(header[1:] if rejects.has_reasons else header)])
            yield rejects
        except BaseException as error:
            _keep(rejects, text, unfinished, file)
            if rejects.written:
                error.add_note(f"What was rejected before is in {rejects.written}.")
            raise
        _keep(rejects, text, unfinished, file)


def _keep(rejects: RejectFile, text: TextIO, unfinished: Path, file: Path) -> None:
    text.close()
    if rejects.rows:
        rejects.written = unfinished.replace(_claimed(file))
    else:
        unfinished.unlink()


def _opened_beside(file: Path) -> tuple[TextIO, Path]:
    """Open a file of this run alone: another import may collect rows for the same name at the same time."""
    try:
        descriptor, name = mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise BadFile(f"{file.parent} cannot take the file of rejected rows: {error.strerror}") from error
    return fdopen(descriptor, "w", encoding="utf-8-sig", newline=""), Path(name)


def _claimed(file: Path) -> Path:
    """Create the file under the first name that is free, and return it."""
    name, number = file, 1
    while True:
        try:
            name.touch(exist_ok=False)
        except FileExistsError:
            number += 1
            name = file.with_stem(f"{file.stem}-{number}")
        else:
            return name


def write_rejects(file: Path, header: list[str], rejects: Iterable[Rejected]) -> Path | None:
    """Write the rejected rows in the order of the file, and return where they are; None if there are none."""
    with reject_file(file, header) as write:
        for rejected in sorted(rejects, key=lambda rejected: rejected.row.line):
            write(rejected)
    return write.written
