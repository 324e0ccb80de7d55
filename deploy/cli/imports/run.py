"""Import the rows of a file: create or correct the record of each in its service, by origin.

The file is read row by row: of a million rows never more than some thousand are in memory. Before the first is sent,
all of it is read once, so that a file which breaks off is refused whole.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Any, Final

from rich.console import Console

from deploy.cli.answers import Problem
from deploy.cli.client import Crm
from deploy.cli.imports.batches import PRODUCT_WAIT_S, SENT, Sender
from deploy.cli.imports.bodies import Forms, References, body, nameless, unreachable
from deploy.cli.imports.conventions import Conventions
from deploy.cli.imports.field_columns import places, rejected_by
from deploy.cli.imports.mapping import BadMapping, Mapping
from deploy.cli.imports.origins import Origins
from deploy.cli.imports.outcomes import Counts
from deploy.cli.imports.references import Finder
from deploy.cli.imports.row_filter import checked_rows
from deploy.cli.imports.survey import survey
from deploy.cli.imports.table import BadRow, Rejected, Row, Table, Wrong
from deploy.cli.imports.targets import TARGETS, Kind, fields_of, has_format, identified, is_only
from deploy.cli.pool import each
from deploy.cli.progress import Advance, bar
from shared.kit.web.sentences import meant

_BATCH: Final = 2_000
"""Rows in memory."""


@dataclass
class Import:
    """A mapping applied to a table; `run` it once.

    Attributes:
        hand_on: gets each rejected row, in the order of the file; else the counts keep them.
    """

    crm: Crm
    kind: Kind
    mapping: Mapping
    console: Console
    parallel: int = 8
    product_wait_s: float = PRODUCT_WAIT_S
    hand_on: Callable[[Rejected], None] | None = None
    _forms: Forms = field(default_factory=Forms)

    async def run(self, table: Table) -> Counts:
        """Upsert every valid row, and collect the others.

        Raises:
            BadMapping: the file's header or the service's fields do not fit; nothing was sent.
            BadFile: the file breaks off; nothing was sent.
        """
        started = monotonic()
        self._forms = await self._check(table)
        found = survey(self.mapping, table, self._forms.days, self._forms.conventions)
        counts = Counts(said=found.said, hand_on=self.hand_on)
        with Origins() as origins, bar(f"Importing {self.kind.value}", found.rows, self.console) as advance:
            await self._batches(table, origins, counts, advance)
        counts.seconds = monotonic() - started
        return counts

    async def _check(self, table: Table) -> Forms:
        self.mapping.check_header(table.header)
        fields = await fields_of(self.crm, self.kind)
        unknown = sorted(self.mapping.fields - fields.keys())
        if unknown:
            raise BadMapping([f"{self.kind.value} have no field {name!r}{meant(name, fields)}" for name in unknown])
        booleans = frozenset(name for name, schema in fields.items() if is_only(schema, "boolean"))
        integers = frozenset(name for name, schema in fields.items() if is_only(schema, "integer"))
        dates = frozenset(name for name, schema in fields.items() if has_format(schema, "date"))
        moments = frozenset(name for name, schema in fields.items() if has_format(schema, "date-time"))
        given = self.mapping
        conventions = Conventions.given(given.decimal, given.dates, given.country, given.time_zone)
        return Forms(booleans, dates, conventions, integers, moments)

    async def _batches(self, table: Table, origins: Origins, counts: Counts, advance: Advance) -> None:
        finder = Finder(self.crm, self.kind, self.mapping, self._forms, self.parallel)
        sender = Sender(self.crm, self.kind, self.mapping.country, self.product_wait_s, left_out=counts.left_out)
        rows = iter(table)
        while taken := list(islice(rows, _BATCH)):
            rejects: list[Rejected] = []
            checked = list(checked_rows(self.mapping, taken, origins, rejects.append))
            advance(len(rejects))
            try:
                references = await finder.references(checked)
                await self._batch(checked, references, sender, counts=counts, rejects=rejects, advance=advance)
            finally:
                # Also when it is stopped: what was rejected so far is in the file.
                for rejected in sorted(rejects, key=lambda rejected: rejected.row.line):
                    counts.reject(rejected)

    async def _batch(
        self,
        rows: list[Row],
        references: References,
        sender: Sender,
        *,
        counts: Counts,
        rejects: list[Rejected],
        advance: Advance,
    ) -> None:
        async def send(part: Sequence[Row]) -> None:
            made = []
            for row in part:
                try:
                    made.append((row, self._body(row, references)))
                except BadRow as problem:
                    rejects.append(Rejected(row, str(problem), problem.wrong))
            ended = await sender.send([item for _, item in made]) if made else []
            for (row, _), one in zip(made, ended, strict=True):
                if not isinstance(one, Problem):
                    counts.ended[one.outcome] += 1
                    counts.keep_as_typed(row.line, one.as_typed, places(one.as_typed, self.mapping, row))
                elif (rejected := self._rejected(row, one)) is None:
                    counts.ended["skipped"] += 1
                else:
                    rejects.append(rejected)
            advance(len(part))

        parts = [rows[first : first + SENT] for first in range(0, len(rows), SENT)]
        await each(parts, send, parallel=self.parallel)

    def _body(self, row: Row, references: References) -> dict[str, Any]:
        try:
            made = body(self.mapping, row, references, self._forms)
        except BadRow as problem:
            named = {one.column for one in problem.wrong}
            raise BadRow(*problem.wrong, *(one for one in self._of_new(row) if one.column not in named)) from None
        return identified(self.kind, self.mapping.originator, self.mapping.origin_of(row), made)

    def _of_new(self, row: Row) -> Iterator[Wrong]:
        """Name what a new record would be refused for, beside whatever else is wrong with the row."""
        target = TARGETS[self.kind]
        yield from nameless(self.mapping, row, target.names)
        if not target.takes_any_point:
            yield from unreachable(self.mapping, row)

    def _rejected(self, row: Row, problem: Problem) -> Rejected | None:
        """Return the row with why it is rejected; None where it is skipped, as its record was merged into another."""
        if problem.status in {401, 403}:
            raise problem
        if problem.code != "gone":
            return rejected_by(problem, self.mapping, row, self._of_new(row))
        if problem.body.get("merged_into"):
            return None
        return Rejected(row, "it was deleted here, and an import does not bring it back")
