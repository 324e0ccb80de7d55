"""Check the ids of rows before any request is sent; what else is wrong with a row is found beside it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.origins import Origins
from deploy.cli.imports.table import Rejected, Row, Wrong
from deploy.cli.imports.targets import addressable


def checked_rows(
    mapping: Mapping, rows: Iterable[Row | Rejected], origins: Origins, reject: Callable[[Rejected], None]
) -> Iterator[Row]:
    """Yield the rows that can be read, each with what is wrong with its id: those of the file come once each."""
    for row in rows:
        if isinstance(row, Rejected):
            reject(row)
        else:
            yield replace(row, problems=tuple(_wrong_origin(mapping, row, origins)))


def _wrong_origin(mapping: Mapping, row: Row, origins: Origins) -> Iterator[Wrong]:
    origin, ours, columns = mapping.origin_of(row), mapping.originator, " + ".join(mapping.origin_columns)
    named = row.cells[mapping.originator_column] if mapping.originator_column else ours
    if named != ours:
        column = mapping.originator_column or ""
        why = "" if named else ": a record that was made here has no other id, and is corrected by PATCH alone"
        yield Wrong(column, "other_originator", f"{column}: {named!r} is not {ours!r}{why}")
    if not origin:
        yield Wrong(columns, "empty", f"{columns}: is empty")
    elif not addressable(origin):
        text = f"{columns}: {origin!r} cannot be an id: it is part of an address, where / and dots mean more"
        yield Wrong(columns, "no_id", text)
    elif named == ours and (line := origins.first_line(origin, row.line)) != row.line:
        said = repr(origin) if mapping.origin else "the same"
        yield Wrong(columns, "repeated", f"{columns}: {said} is in line {line} already")
