"""Read a file once before it is imported: how many rows it has, and how they write numbers and dates.

So a file that breaks off, or that cannot be decoded, is refused before its first row is sent.
"""

from collections.abc import Container
from dataclasses import dataclass

from deploy.cli.imports.conventions import Conventions
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.table import Row, Table


@dataclass(frozen=True)
class Survey:
    """What was found: the number of rows, malformed ones included, and what is said of the file."""

    rows: int
    said: tuple[str, ...]


def survey(mapping: Mapping, table: Table, dates: Container[str], conventions: Conventions) -> Survey:
    """Read the whole table, and let the conventions learn from it; `dates` are the fields with a day in them.

    Raises:
        BadFile: it breaks off.
    """
    rows = 0
    born = [column for column, name in mapping.columns.items() if name in dates]
    for row in table:
        rows += 1
        if isinstance(row, Row):
            untyped = [column for column in mapping.numbers if column not in row.typed]
            conventions.learn(row.cells, untyped, born)
    return Survey(rows, (table.form, *table.notes, *conventions.said()))
