"""Name the columns of the file in what a service refuses: `phones.1.value` is Mobile in the file."""

from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from typing import Final

from deploy.cli.answers import Problem
from deploy.cli.imports.bodies import columns_of
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.table import Rejected, Row, Wrong

_SHOWN: Final = 60


def rejected_by(problem: Problem, mapping: Mapping, row: Row) -> Rejected:
    """Reject the row for the reasons of a refusal, each with the column and the cell that it is about."""
    if not problem.errors:
        return Rejected(row, str(problem), (Wrong("", problem.code, str(problem)),))
    columns = columns_of(mapping, row)
    wrong = []
    for one in problem.errors:
        column, place = _place(one["field"], columns, row)
        wrong.append(Wrong(column, one["code"], f"{place}: {one['message']} ({one['code']})"))
    reason = "; ".join(one.text for one in wrong)
    return Rejected(row, f"{problem.status} {problem.code}: {reason}", tuple(wrong))


def places(fields: Sequence[str], mapping: Mapping, row: Row) -> list[str]:
    """Return the columns of these fields, each with its cell."""
    columns = columns_of(mapping, row) if fields else {}
    return [_place(field, columns, row)[1] for field in fields]


def _place(field: str, columns: Lookup[str, str], row: Row) -> tuple[str, str]:
    """Return the column, and how it is shown with its cell."""
    parts = field.split(".")
    for length in range(len(parts), 0, -1):
        column = columns.get(".".join(parts[:length]))
        if column is not None:
            cell = row.cells.get(column)
            return column, column if cell is None else f"{column}: {cell[:_SHOWN]!r}"
    return field, f"{field} (the mapping sets it)"
