"""The table of an import: a header, and rows that are read one after the other, as often as they are asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

REASON: Final = "reason"
"""The first column of a file of rejected rows."""


class BadFile(Exception):
    """The file is not a table with a header."""


class BadRow(Exception):
    """The row cannot be imported, for these reasons."""


class NamedCells(dict[str, str]):
    """Trimmed cells by column; one that the file has not, because the mapping has it as optional, is empty."""

    def __missing__(self, column: str) -> str:
        return ""

    def copy(self) -> "NamedCells":
        """Return a copy with the same rule."""
        return NamedCells(self)


@dataclass(frozen=True)
class Row:
    """One row; `line` is where it ends in the file, `cells` are trimmed, `raw` is what the file has.

    `typed` are the columns whose cells are numbers and dates in the file itself, not texts that look like them.
    `problems` are what is wrong with its id.
    """

    line: int
    raw: tuple[str, ...]
    cells: dict[str, str]
    typed: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """A row that was not imported."""

    row: Row
    reason: str


@dataclass(frozen=True)
class Table:
    """A file; it is opened anew by each iteration, and never held whole.

    Attributes:
        header: names of the columns.
        read: opens the file, and yields its rows, and those that are malformed as rejected ones.
        form: what was recognised of the file, such as `CP1252, separated by ;`.
        delimiter: between the cells of a file of rejected rows.
        notes: what of the file is no column, said to the user.
    """

    header: list[str]
    read: Callable[[], Iterator[Row | Rejected]]
    form: str
    delimiter: str = ","
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Row | Rejected]:
        return self.read()

    @property
    def rows(self) -> list[Row]:
        """All rows that are not malformed, at once: for small files."""
        return [row for row in self if isinstance(row, Row)]

    @property
    def malformed(self) -> list[Rejected]:
        """All malformed rows, at once: for small files."""
        return [row for row in self if isinstance(row, Rejected)]
