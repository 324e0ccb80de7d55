"""Import the rows of a file: upsert each into its service by origin.

The file is read row by row, and sent in batches: of a million rows never more than one batch is in memory. Before the
first is sent, all of it is read once, so that a file which breaks off is refused whole.

A contact whose company cannot be linked is rejected although the contact exists by then; importing it again links it.

Leads receives products by events, so right after an import of products it may not know them yet. That one refusal is
retried, against one deadline for the whole run.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Any, Final

from rich.console import Console

from deploy.cli.answers import Answer, Problem
from deploy.cli.client import Crm
from deploy.cli.imports.bodies import Forms, References, body
from deploy.cli.imports.conventions import Conventions
from deploy.cli.imports.field_columns import with_columns
from deploy.cli.imports.mapping import BadMapping, Mapping
from deploy.cli.imports.origins import Origins
from deploy.cli.imports.outcomes import Counts, Outcome
from deploy.cli.imports.references import Finder
from deploy.cli.imports.row_filter import valid_rows
from deploy.cli.imports.survey import survey
from deploy.cli.imports.table import BadRow, Rejected, Row, Table
from deploy.cli.imports.targets import TARGETS, Kind, fields_of, is_date, last_updates, link, product
from deploy.cli.pool import each
from deploy.cli.progress import Advance, bar

_PRODUCT_WAIT_S: Final = 30.0
_CREATED: Final = 201
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
    product_wait_s: float = _PRODUCT_WAIT_S
    hand_on: Callable[[Rejected], None] | None = None
    _give_up_at: float | None = None
    _forms: Forms = field(default_factory=Forms)

    async def run(self, table: Table) -> Counts:
        """Upsert every valid row, and collect the others.

        Raises:
            BadMapping: the file's header or the service's fields do not fit; nothing was sent.
            BadFile: the file breaks off; nothing was sent.
        """
        started = monotonic()
        self._forms = await self._check(table)
        found = survey(self.mapping, table, self._forms.dates, self._forms.conventions)
        counts = Counts(said=found.said, hand_on=self.hand_on)
        with Origins() as origins, bar(f"Importing {self.kind.value}", found.rows, self.console) as advance:
            if self.kind is not Kind.PRODUCTS:
                async for record in last_updates(self.crm, self.kind, self.mapping.originator):
                    origins.remember([record])
            await self._batches(table, origins, counts, advance)
        counts.seconds = monotonic() - started
        return counts

    async def _check(self, table: Table) -> Forms:
        self.mapping.check_header(table.header)
        fields = await fields_of(self.crm, self.kind)
        unknown = sorted(self.mapping.fields - fields.keys())
        if unknown:
            raise BadMapping([f"{self.kind.value} have no field {name!r}" for name in unknown])
        booleans = frozenset(name for name, schema in fields.items() if schema.get("type") == "boolean")
        dates = frozenset(name for name, schema in fields.items() if is_date(schema))
        given = self.mapping
        return Forms(booleans, dates, Conventions.given(given.decimal, given.dates, given.country))

    async def _batches(self, table: Table, origins: Origins, counts: Counts, advance: Advance) -> None:
        finder = Finder(self.crm, self.mapping, self._forms, self.parallel)
        rows = iter(table)
        while taken := list(islice(rows, _BATCH)):
            rejects: list[Rejected] = []
            valid = list(valid_rows(self.mapping, taken, self._forms, origins, rejects.append))
            advance(len(rejects))
            try:
                references = await finder.references(valid)
                await self._batch(valid, references, origins, counts=counts, rejects=rejects, advance=advance)
            finally:
                # Also when it is stopped: what was rejected so far is in the file.
                for rejected in sorted(rejects, key=lambda rejected: rejected.row.line):
                    counts.reject(rejected)

    async def _batch(
        self,
        rows: list[Row],
        references: References,
        origins: Origins,
        *,
        counts: Counts,
        rejects: list[Rejected],
        advance: Advance,
    ) -> None:
        if self.kind is Kind.PRODUCTS:
            names = [self.mapping.origin_of(row) for row in rows]
            found = await each(names, lambda name: product(self.crm, name), parallel=self.parallel)
            origins.remember((there["external_id"], there["updated_at"]) for there in found if there)

        async def one(row: Row) -> None:
            try:
                counts.ended[await self._row(row, references, origins)] += 1
            except (BadRow, Problem) as problem:
                reason = self._reason(row, problem)
                if reason is None:
                    counts.ended["skipped"] += 1
                else:
                    rejects.append(Rejected(row, reason))

        await each(rows, one, parallel=self.parallel, advance=advance)

    async def _row(self, row: Row, references: References, origins: Origins) -> Outcome:
        origin = self.mapping.origin_of(row)
        made = body(self.mapping, row, references, self._forms)
        company_id = made.pop("company_id", None) if self.kind is Kind.CONTACTS else None
        answer = await self._put(origin, made)
        there = await self._link(answer.body, company_id) if company_id else answer.body
        if answer.status == _CREATED:
            return "created"
        return "unchanged" if there["updated_at"] == origins.updated_at(origin) else "updated"

    async def _put(self, origin: str, made: dict[str, Any]) -> Answer:
        target, country = TARGETS[self.kind], self.mapping.country
        path = target.path(self.mapping.originator, origin)
        query = {"default_country": country} if country and self.kind is not Kind.PRODUCTS else None
        while True:
            try:
                return await self.crm.put(target.element.service, path, made, query=query)
            except Problem as problem:
                if not self._is_pending(problem):
                    raise
                await asyncio.sleep(0.2)

    async def _link(self, contact: dict[str, Any], company_id: str) -> dict[str, Any]:
        try:
            return await link(self.crm, contact, company_id)
        except Problem as problem:
            if problem.status in {401, 403}:
                raise
            raise BadRow(f"{self.mapping.company}: {problem}") from problem

    def _reason(self, row: Row, problem: BadRow | Problem) -> str | None:
        """Return why the row is rejected; None where it is skipped, as its record was merged into another."""
        if isinstance(problem, BadRow):
            return str(problem)
        if problem.status in {401, 403}:
            raise problem
        if problem.code != "gone":
            return with_columns(problem, self.mapping, row)
        if problem.body.get("merged_into"):
            return None
        return "it was deleted here, and an import does not bring it back"

    def _is_pending(self, problem: Problem) -> bool:
        """Return whether the only error is a product that the service has not received, and the deadline is ahead."""
        if not problem.errors or any(wrong["code"] != "product_not_found" for wrong in problem.errors):
            return False
        if self._give_up_at is None:
            self._give_up_at = monotonic() + self.product_wait_s
        return monotonic() < self._give_up_at
