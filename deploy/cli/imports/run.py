"""Import the rows of a file: upsert each into its service by origin.

A contact whose company cannot be linked is rejected although the contact exists by then; importing it again links it.

Leads receives products by events, so right after an import of products it may not know them yet. That one refusal is
retried, against one deadline for the whole run.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Literal

from rich.console import Console

from deploy.cli.answers import Answer, Problem
from deploy.cli.client import Crm
from deploy.cli.imports.bodies import References, body, translate
from deploy.cli.imports.mapping import BadMapping, Mapping
from deploy.cli.imports.row_filter import valid_rows
from deploy.cli.imports.table import BadRow, Rejected, Row, Table
from deploy.cli.imports.targets import TARGETS, Kind, UpdatedAt, company, fields_of, last_updates, link, product
from deploy.cli.pool import each
from deploy.cli.progress import bar

Outcome = Literal["created", "updated", "unchanged", "skipped", "rejected"]
_PRODUCT_WAIT_S: Final = 30.0
_CREATED: Final = 201


@dataclass(frozen=True)
class Counts:
    """Number of rows by outcome, and the rejected ones; skipped are those of records that were merged into others."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rejected(self) -> int:
        """The number of rejected rows."""
        return len(self.rejects)


@dataclass
class Import:
    """A mapping applied to a table; `run` it once."""

    crm: Crm
    kind: Kind
    mapping: Mapping
    console: Console
    parallel: int = 8
    product_wait_s: float = _PRODUCT_WAIT_S
    _rejects: list[Rejected] = field(default_factory=list)
    _give_up_at: float | None = None
    _booleans: frozenset[str] = frozenset()

    async def run(self, table: Table) -> Counts:
        """Upsert every valid row, and collect the others.

        Raises:
            BadMapping: the file's header or the service's fields do not fit; nothing was sent.
        """
        started = monotonic()
        await self._check(table)
        self._rejects.extend(table.malformed)
        rows = list(valid_rows(self.mapping, table.rows, self._reject))
        references = await self._references(rows)
        origins = [row.cells[self.mapping.origin] for row in rows]
        before = await last_updates(self.crm, self.kind, self.mapping.originator, self._names(origins), self.parallel)
        with bar(f"Importing {self.kind.value}", len(rows), self.console) as advance:
            ended = await each(
                rows, lambda row: self._row(row, references, before), parallel=self.parallel, advance=advance
            )
        counted = Counter(ended)
        numbers = {name: counted[name] for name in ("created", "updated", "unchanged", "skipped")}
        return Counts(**numbers, rejects=self._rejects, seconds=monotonic() - started)

    async def _check(self, table: Table) -> None:
        self.mapping.check_header(table.header)
        fields = await fields_of(self.crm, self.kind)
        unknown = sorted(self.mapping.fields - fields.keys())
        if unknown:
            raise BadMapping([f"{self.kind.value} have no field {name!r}" for name in unknown])
        self._booleans = frozenset(name for name, schema in fields.items() if schema.get("type") == "boolean")

    def _names(self, values: Iterable[str]) -> list[str]:
        return sorted({value for value in values if value})

    async def _references(self, rows: list[Row]) -> References:
        cells = [translate(self.mapping, row) for row in rows]
        column, originator = self.mapping.company, self.mapping.originator
        names = self._names(row[column] for row in cells) if column else []
        companies = await each(names, lambda name: company(self.crm, originator, name), parallel=self.parallel)
        sold = self._names(row[rule.product] for row in cells for rule in self.mapping.rows)
        products = await each(sold, lambda name: product(self.crm, name), parallel=self.parallel)
        return References(
            {name: found["id"] for name, found in zip(names, companies, strict=True) if found},
            {name: found["id"] for name, found in zip(sold, products, strict=True) if found},
        )

    async def _row(self, row: Row, references: References, before: dict[str, UpdatedAt]) -> Outcome:
        origin = row.cells[self.mapping.origin]
        try:
            made = body(self.mapping, row, references, self._booleans)
            company_id = made.pop("company_id", None) if self.kind is Kind.CONTACTS else None
            answer = await self._put(origin, made)
            there = await self._link(answer.body, company_id) if company_id else answer.body
        except (BadRow, Problem) as problem:
            return self._reject_or_skip(row, problem)
        if answer.status == _CREATED:
            return "created"
        return "unchanged" if there["updated_at"] == before.get(origin) else "updated"

    async def _put(self, origin: str, made: dict[str, Any]) -> Answer:
        target = TARGETS[self.kind]
        while True:
            try:
                return await self.crm.put(target.element.service, target.path(self.mapping.originator, origin), made)
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

    def _reject_or_skip(self, row: Row, problem: BadRow | Problem) -> Outcome:
        reason = str(problem)
        if isinstance(problem, Problem):
            if problem.status in {401, 403}:
                raise problem
            if problem.code == "gone":
                if problem.body.get("merged_into"):
                    return "skipped"
                reason = "it was deleted here, and an import does not bring it back"
        self._reject(row, reason)
        return "rejected"

    def _is_pending(self, problem: Problem) -> bool:
        """Return whether the only error is a product that the service has not received, and the deadline is ahead."""
        if not problem.errors or any(wrong["code"] != "product_not_found" for wrong in problem.errors):
            return False
        if self._give_up_at is None:
            self._give_up_at = monotonic() + self.product_wait_s
        return monotonic() < self._give_up_at

    def _reject(self, row: Row, reason: str) -> None:
        self._rejects.append(Rejected(row, reason))
