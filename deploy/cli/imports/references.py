"""Find the clients, products and pipelines that rows name, each once."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from crm_contracts.elements import COMPANY, CONTACT

from deploy.cli.client import Crm, address
from deploy.cli.imports.bodies import Forms, References, translate
from deploy.cli.imports.cells import Cells
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.places import Places
from deploy.cli.imports.table import Row
from deploy.cli.imports.targets import Kind, client, product
from deploy.cli.pool import each

_MOST: Final = 100_000
"""Names that are kept; with more of them the rows of a later batch are asked for again."""


@dataclass
class Finder:
    """Asks for the names of a batch that no earlier batch had; `ids` are ours by name, None where there is none."""

    crm: Crm
    kind: Kind
    mapping: Mapping
    forms: Forms
    parallel: int
    companies: dict[str, str | None] = field(default_factory=dict)
    contacts: dict[str, str | None] = field(default_factory=dict)
    products: dict[str, str | None] = field(default_factory=dict)
    places: Places | None = None

    async def references(self, rows: Iterable[Row]) -> References:
        """Return all that these rows need."""
        cells = [translate(self.mapping, row, self.forms) for row in rows]  # also of rows that are wrong elsewhere
        firms = partial(client, self.crm, COMPANY, self.mapping.originator_of_companies)
        people = partial(client, self.crm, CONTACT, self.mapping.originator_of_contacts)
        if column := self.mapping.company:
            await self._find(self.companies, _each(cells, column, self.mapping.companies_in), firms)
        if column := self.mapping.contact:
            await self._find(self.contacts, _each(cells, column, self.mapping.contacts_in), people)
        sold = (row[rule.product] for row in cells for rule in self.mapping.rows)
        await self._find(self.products, sold, lambda name: product(self.crm, name))
        if self.places is None:
            self.places = await self._known_places()
        return References(_found(self.companies), _found(self.products), _found(self.contacts), self.places)

    async def _known_places(self) -> Places:
        """Read the pipelines that deals may name."""
        if self.kind is not Kind.DEALS or not {"pipeline_id", "stage_id"} & self.mapping.fields:
            return Places()
        return Places((await self.crm.get("deals", address("pipelines")))["items"])

    async def _find(
        self,
        known: dict[str, str | None],
        names: Iterable[str],
        ask: Callable[[str], Awaitable[dict[str, Any] | None]],
    ) -> None:
        wanted = {name for name in names if name}
        if len(known) > _MOST:
            known.clear()
        new = sorted(wanted - known.keys())
        answers = await each(new, ask, parallel=self.parallel)
        known |= {name: found["id"] if found else None for name, found in zip(new, answers, strict=True)}


def _each(rows: Iterable[Cells], column: str, split: Callable[[str], list[str]]) -> Iterator[str]:
    """Yield all that the cells of a column name."""
    return (name for row in rows for name in split(row[column]))


def _found(known: dict[str, str | None]) -> dict[str, str]:
    return {name: id_ for name, id_ in known.items() if id_ is not None}
