"""Set departments from a file: those above first, so that each finds the one that it belongs to."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.cli.answers import Problem
from deploy.cli.client import Crm, address
from deploy.cli.imports.files import read_table
from deploy.cli.imports.table import BadFile, Row, Table

NEEDED: Final = ("id", "name")
COLUMNS: Final = (*NEEDED, "parent_id", "member_ids")
FIELDS: Final = COLUMNS[1:]


@dataclass(frozen=True)
class Line:
    """A department as a line of the file has it; of a column that the file lacks, there is no field."""

    number: int
    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of a line: `created`, `updated`, `unchanged` or `rejected` with a reason."""

    line: Line
    result: str
    reason: str = ""


def read_departments(file: Path) -> list[Line]:
    """Read the departments of a file with a header: id, name, parent_id, and member_ids with blanks in between.

    Raises:
        BadFile: it is no such table, or names a department twice; every wrong line is named.
    """
    table = read_table(file, columns=COLUMNS)
    wrong = [f"there is no column {name}" for name in NEEDED if name not in table.header]
    wrong += [f"{name} is none of the columns {', '.join(COLUMNS)}" for name in table.header if name not in COLUMNS]
    found = [] if wrong else [_line(row, table) for row in table.rows]
    wrong += [f"line {each.row.line}: {each.reason}" for each in table.malformed]
    counted = Counter(line.id for line in found)
    wrong += [f"line {each.number}: {each.id} is there twice" for each in found if counted[each.id] > 1]
    wrong += [f"line {each.number}: the id is empty" for each in found if not each.id]
    if wrong:
        raise BadFile(f"{file.name}: {'; '.join(wrong)}")
    return found


def _line(row: Row, table: Table) -> Line:
    cells = {name: row.cells[name] for name in COLUMNS if name in table.header}
    fields: dict[str, Any] = {name: text for name, text in cells.items() if name != "id"}
    if "parent_id" in fields:
        fields["parent_id"] = fields["parent_id"] or None
    if "member_ids" in fields:
        fields["member_ids"] = list(dict.fromkeys(fields["member_ids"].split()))
    return Line(row.line, cells["id"], fields)


def from_the_top(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield every department after the one that it belongs to; those of a circle last, which catalog refuses."""
    left = {line.id: line for line in lines}
    while left:
        ready = [line for line in left.values() if line.fields.get("parent_id") not in left] or [*left.values()]
        for line in ready:
            del left[line.id]
            yield line


async def import_departments(crm: Crm, lines: Sequence[Line]) -> list[Outcome]:
    """Set the departments of the file, and leave all others as they are."""
    before = {each["id"]: each async for each in crm.pages("catalog", address("departments"))}
    return [await _set(crm, line, before.get(line.id)) for line in from_the_top(lines)]


async def _set(crm: Crm, line: Line, before: Mapping[str, Any] | None) -> Outcome:
    """Set a department as it was when it was read: what the file has no column for may have been changed since."""
    known = {} if before is None else {name: before[name] for name in FIELDS}
    body = {**known, **line.fields}
    if body == known:
        return Outcome(line, "unchanged")
    as_read = {} if before is None else {"If-Match": f'"{before["version"]}"'}
    try:
        await crm.send("PUT", "catalog", address("departments", line.id), body=body, headers=as_read)
    except Problem as problem:
        return Outcome(line, "rejected", str(problem))
    return Outcome(line, "created" if before is None else "updated")
