"""Reject the rows that are wrong before any request is sent. Pure."""

from collections.abc import Callable, Iterable, Iterator

from deploy.cli.imports.bodies import translate
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.table import BadRow, Row


def valid_rows(mapping: Mapping, rows: Iterable[Row], reject: Callable[[Row, str], None]) -> Iterator[Row]:
    """Yield the rows of the right originator, each origin once, whose values have their translations."""
    lines: dict[str, int] = {}
    for row in rows:
        try:
            _check_origin(mapping, row, lines)
            translate(mapping, row)
        except BadRow as problem:
            reject(row, str(problem))
        else:
            yield row


def _check_origin(mapping: Mapping, row: Row, lines: dict[str, int]) -> None:
    origin, ours = row.cells[mapping.origin], mapping.originator
    if not origin:
        raise BadRow(f"{mapping.origin}: is empty")
    if mapping.originator_column and (named := row.cells[mapping.originator_column]) != ours:
        raise BadRow(f"{mapping.originator_column}: {named!r} is not {ours!r}")
    if origin in lines:
        raise BadRow(f"{mapping.origin}: {origin!r} is in line {lines[origin]} already")
    lines[origin] = row.line
