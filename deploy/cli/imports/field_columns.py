"""Name the columns of the file in what a service refuses: `phones.1.value` is Mobile in the file."""

from collections.abc import Mapping as Lookup
from typing import Final

from deploy.cli.answers import Problem
from deploy.cli.imports.bodies import columns_of
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.table import Row

_SHOWN: Final = 60


def with_columns(problem: Problem, mapping: Mapping, row: Row) -> str:
    """Return the reasons of a refusal, each with the column and the cell that it is about."""
    if not problem.errors:
        return str(problem)
    columns = columns_of(mapping, row)
    named = [
        f"{_place(wrong['field'], columns, row)}: {wrong['message']} ({wrong['code']})" for wrong in problem.errors
    ]
    return f"{problem.status} {problem.code}: {'; '.join(named)}"


def _place(field: str, columns: Lookup[str, str], row: Row) -> str:
    parts = field.split(".")
    for length in range(len(parts), 0, -1):
        column = columns.get(".".join(parts[:length]))
        if column is not None:
            cell = row.cells.get(column)
            return column if cell is None else f"{column}: {cell[:_SHOWN]!r}"
    return f"{field} (the mapping sets it)"
