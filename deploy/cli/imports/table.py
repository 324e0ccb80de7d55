"""The table of an import: a header, and rows that are read one after the other, as often as they are asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

REASON: Final = "reason"
"""The first column of a file of rejected rows."""


class BadFile(Exception):
    """The file is not a table with a header."""


class Wrong(NamedTuple):
    """One thing that is wrong with a row.

    Attributes:
        column: of the file, empty where it is the row as a whole.
        code: the same for all that is wrong in the same way, whatever the cell holds.
        text: a sentence for a person, which names the column.
    """

    column: str
    code: str
    text: str


class BadRow(Exception):
    """The row cannot be imported, for these reasons."""

    def __init__(self, *wrong: Wrong) -> None:
        super().__init__("; ".join(one.text for one in wrong))
        self.wrong = wrong


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
    problems: tuple[Wrong, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """A row that was not imported; `wrong` are the parts of its reason, none where it has only one."""

    row: Row
    reason: str
    wrong: tuple[Wrong, ...] = ()


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
