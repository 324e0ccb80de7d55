"""Reject the rows that are wrong before any request is sent."""

from collections.abc import Callable, Iterable, Iterator

from deploy.cli.imports.bodies import Forms, translate
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.origins import Origins
from deploy.cli.imports.table import BadRow, Rejected, Row
from deploy.cli.imports.targets import addressable


def valid_rows(
    mapping: Mapping, rows: Iterable[Row | Rejected], forms: Forms, origins: Origins, reject: Callable[[Rejected], None]
) -> Iterator[Row]:
    """Yield the rows of the right originator, each origin once, whose values have their translations."""
    for row in rows:
        if isinstance(row, Rejected):
            reject(row)
            continue
        try:
            _check_origin(mapping, row, origins)
            translate(mapping, row, forms)
        except BadRow as problem:
            reject(Rejected(row, str(problem)))
        else:
            yield row


def _check_origin(mapping: Mapping, row: Row, origins: Origins) -> None:
    origin, ours, columns = mapping.origin_of(row), mapping.originator, " + ".join(mapping.origin_columns)
    if not origin:
        raise BadRow(f"{columns}: is empty")
    if not addressable(origin):
        raise BadRow(f"{columns}: {origin!r} cannot be an id: it is part of an address, where / and dots mean more")
    if mapping.originator_column and (named := row.cells[mapping.originator_column]) != ours:
        raise BadRow(f"{mapping.originator_column}: {named!r} is not {ours!r}")
    line = origins.first_line(origin, row.line)
    if line != row.line:
        said = repr(origin) if mapping.origin else "the same"
        raise BadRow(f"{columns}: {said} is in line {line} already")
