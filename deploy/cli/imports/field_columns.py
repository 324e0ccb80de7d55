"""Name the columns of the file in what a service refuses: `phones.1.value` is Mobile in the file."""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Lookup
from typing import Final

from deploy.cli.answers import Problem
from deploy.cli.imports.bodies import columns_of, points_of
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.table import Rejected, Row, Wrong

_SHOWN: Final = 60
_SEVERAL: Final = "; several in one cell need a `separator` in the mapping"


def rejected_by(problem: Problem, mapping: Mapping, row: Row, also: Iterable[Wrong] = ()) -> Rejected:
    """Reject the row for the reasons of a refusal, each with the column and the cell that it is about.

    A service that cannot read a field judges no other; then `also` has further reasons, of columns not named by it.
    """
    if not problem.errors:
        return Rejected(row, str(problem), (Wrong("", problem.code, str(problem)),))
    wrong = []
    for one, (column, text) in zip(
        problem.errors, _places([e["field"] for e in problem.errors], mapping, row), strict=True
    ):
        hint = _SEVERAL if one["code"] == "not_valid" and text.count("@") > 1 else ""
        wrong.append(Wrong(column, one["code"], f"{text}: {one['message']} ({one['code']}){hint}"))
    if problem.code == "invalid_fields":
        named = {one.column for one in wrong}
        wrong += [one for one in also if one.column not in named]
    reason = "; ".join(one.text for one in wrong)
    return Rejected(row, f"{problem.status} {problem.code}: {reason}", tuple(wrong))


def places(fields: Sequence[str], mapping: Mapping, row: Row) -> list[str]:
    """Return the columns of these fields, each with its cell, or with that of several in the cell that is meant."""
    return [text for _, text in _places(fields, mapping, row)]


def _places(fields: Sequence[str], mapping: Mapping, row: Row) -> list[tuple[str, str]]:
    columns, points = (columns_of(mapping, row), points_of(mapping, row)) if fields else ({}, {})
    return [_place(field, columns, points, row) for field in fields]


def _place(field: str, columns: Lookup[str, str], points: Lookup[str, tuple[str, str]], row: Row) -> tuple[str, str]:
    """Return the column, and how it is shown with its cell."""
    parts = field.split(".")
    for length in range(len(parts), 0, -1):
        column = columns.get(".".join(parts[:length]))
        if column is not None:
            point = points.get(".".join(parts[:length]))
            cell = point[1] if point else row.cells.get(column)
            return column, column if cell is None else f"{column}: {cell[:_SHOWN]!r}"
    return field, f"{field} (the mapping sets it)"
