"""One import: the rows of a file, put into their service by origin.

The surprise: leads learns of products by events, so right after an import of products it may not know them yet. That
one refusal is waited out, against one deadline for the whole run.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Literal

from rich.console import Console

from deploy.client import Crm, Problem
from deploy.imports.bodies import References, body, translated
from deploy.imports.kinds import TARGETS, Changed, Kind, changed_before, company, fields_of, product
from deploy.imports.mapping import BadMapping, Mapping
from deploy.imports.table import BadRow, Rejected, Row, Table
from deploy.parallel import bar, each

Outcome = Literal["created", "updated", "unchanged", "rejected"]
_NEWS_S: Final = 30.0
_CREATED: Final = 201


@dataclass(frozen=True)
class Counts:
    """How many rows ended how, and which were rejected."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
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

    async def run(self, table: Table) -> Counts:
        """Put in every good row; collect the others.

        Raises:
            BadMapping: the file's header or the service's fields do not fit; nothing was sent.
        """
        started = monotonic()
        await self._check(table)
        self._rejects.extend(table.malformed)
        rows = [row for row in self._once_each(table.rows) if self._translates(row)]
        references = await self._references(rows)
        origins = [row.cells[self.mapping.origin] for row in rows]
        before = await changed_before(self.crm, self.kind, self.mapping.originator, self._names(origins), self.parallel)
        with bar(f"Importing {self.kind.value}", len(rows), self.console) as advance:
            ended = await each(
                rows, lambda row: self._row(row, references, before), parallel=self.parallel, advance=advance
            )
        counted = Counter(ended)
        return Counts(
            counted["created"], counted["updated"], counted["unchanged"], self._rejects, monotonic() - started
        )

    async def _check(self, table: Table) -> None:
        self.mapping.check_header(table.header)
        unknown = sorted(self.mapping.fields - await fields_of(self.crm, self.kind))
        if unknown:
            raise BadMapping([f"{self.kind.value} have no field {name!r}" for name in unknown])

    def _once_each(self, rows: Iterable[Row]) -> Iterable[Row]:
        lines: dict[str, int] = {}
        for row in rows:
            origin = row.cells[self.mapping.origin]
            if not origin:
                self._reject(row, f"{self.mapping.origin}: is empty")
            elif origin in lines:
                self._reject(row, f"{self.mapping.origin}: {origin!r} is in line {lines[origin]} already")
            else:
                lines[origin] = row.line
                yield row

    def _translates(self, row: Row) -> bool:
        try:
            translated(self.mapping, row)
        except BadRow as problem:
            self._reject(row, str(problem))
            return False
        return True

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
        target = TARGETS[self.kind]
        try:
            made = body(self.mapping, row, references)
            while True:
                try:
                    answer = await self.crm.put(target.service, target.path(self.mapping.originator, origin), made)
                    break
                except Problem as problem:
                    if not self._comes_later(problem):
                        raise
                    await asyncio.sleep(0.2)
        except (BadRow, Problem) as problem:
            if isinstance(problem, Problem) and problem.status in {401, 403}:
                raise
            self._reject(row, str(problem))
            return "rejected"
        if answer.status == _CREATED:
            return "created"
        return "unchanged" if answer.body["updated_at"] == before.get(origin) else "updated"

    def _comes_later(self, problem: Problem) -> bool:
        """Whether the only thing wrong is a product that the service has not heard of, and there is still time."""
        if not problem.errors or any(wrong["code"] != "product_not_found" for wrong in problem.errors):
            return False
        if self._give_up_at is None:
            self._give_up_at = monotonic() + self.news_s
        return monotonic() < self._give_up_at

    def _reject(self, row: Row, reason: str) -> None:
        self._rejects.append(Rejected(row, reason))
