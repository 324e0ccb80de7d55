"""One import: the rows of a file, put into their service by origin.

A contact whose company cannot be linked is rejected although it is there by then: the row says what is missing, and
importing it again mends it.

The surprise: leads learns of products by events, so right after an import of products it may not know them yet. That
one refusal is waited out, against one deadline for the whole run.
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
from deploy.cli.imports.bodies import References, body, translated
from deploy.cli.imports.mapping import BadMapping, Mapping
from deploy.cli.imports.row_filter import good_rows
from deploy.cli.imports.table import BadRow, Rejected, Row, Table
from deploy.cli.imports.targets import TARGETS, Changed, Kind, changed_before, company, fields_of, linked, product
from deploy.cli.pool import each
from deploy.cli.progress import bar

Outcome = Literal["created", "updated", "unchanged", "skipped", "rejected"]
_NEWS_S: Final = 30.0
_CREATED: Final = 201


@dataclass(frozen=True)
class Counts:
    """How many rows ended how, and which were rejected; skipped are those of records that were merged into others."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rejected(self) -> int:
        """Rows that did not go in."""
        return len(self.rejects)


@dataclass
class Import:
    """A mapping applied to a table; `run` it once."""

    crm: Crm
    kind: Kind
    mapping: Mapping
    console: Console
    parallel: int = 8
    news_s: float = _NEWS_S
    _rejects: list[Rejected] = field(default_factory=list)
    _give_up_at: float | None = None
    _booleans: frozenset[str] = frozenset()

    async def run(self, table: Table) -> Counts:
        """Put in every good row; collect the others.

        Raises:
            BadMapping: the file's header or the service's fields do not fit; nothing was sent.
        """
        started = monotonic()
        await self._check(table)
        self._rejects.extend(table.malformed)
        rows = list(good_rows(self.mapping, table.rows, self._reject))
        references = await self._references(rows)
        origins = [row.cells[self.mapping.origin] for row in rows]
        before = await changed_before(self.crm, self.kind, self.mapping.originator, self._names(origins), self.parallel)
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
        cells = [translated(self.mapping, row) for row in rows]
        column, originator = self.mapping.company, self.mapping.originator
        names = self._names(row[column] for row in cells) if column else []
        companies = await each(names, lambda name: company(self.crm, originator, name), parallel=self.parallel)
        sold = self._names(row[rule.product] for row in cells for rule in self.mapping.rows)
        products = await each(sold, lambda name: product(self.crm, name), parallel=self.parallel)
        return References(
            {name: found["id"] for name, found in zip(names, companies, strict=True) if found},
            {name: found["id"] for name, found in zip(sold, products, strict=True) if found},
        )

    async def _row(self, row: Row, references: References, before: dict[str, Changed]) -> Outcome:
        origin = row.cells[self.mapping.origin]
        try:
            made = body(self.mapping, row, references, self._booleans)
            company_id = made.pop("company_id", None) if self.kind is Kind.CONTACTS else None
            answer = await self._put(origin, made)
            there = await self._linked(answer.body, company_id) if company_id else answer.body
        except (BadRow, Problem) as problem:
            return self._without(row, problem)
        if answer.status == _CREATED:
            return "created"
        return "unchanged" if there["updated_at"] == before.get(origin) else "updated"

    async def _put(self, origin: str, made: dict[str, Any]) -> Answer:
        target = TARGETS[self.kind]
        while True:
            try:
                return await self.crm.put(target.service, target.path(self.mapping.originator, origin), made)
            except Problem as problem:
                if not self._comes_later(problem):
                    raise
                await asyncio.sleep(0.2)

    async def _linked(self, contact: dict[str, Any], company_id: str) -> dict[str, Any]:
        try:
            return await linked(self.crm, contact, company_id)
        except Problem as problem:
            if problem.status in {401, 403}:
                raise
            raise BadRow(f"{self.mapping.company}: {problem}") from problem

    def _without(self, row: Row, problem: BadRow | Problem) -> Outcome:
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

    def _comes_later(self, problem: Problem) -> bool:
        """Whether the only thing wrong is a product that the service has not heard of, and there is still time."""
        if not problem.errors or any(wrong["code"] != "product_not_found" for wrong in problem.errors):
            return False
        if self._give_up_at is None:
            self._give_up_at = monotonic() + self.news_s
        return monotonic() < self._give_up_at

    def _reject(self, row: Row, reason: str) -> None:
        self._rejects.append(Rejected(row, reason))
