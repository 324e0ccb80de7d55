"""Find the companies and products that rows name by their ids in the other system, each once."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.cli.client import Crm
from deploy.cli.imports.bodies import Forms, References, translate
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.table import Row
from deploy.cli.imports.targets import company, product
from deploy.cli.pool import each

_MOST: Final = 100_000
"""Names that are kept; with more of them the rows of a later batch are asked for again."""


@dataclass
class Finder:
    """Asks for the names of a batch that no earlier batch had; `ids` are ours by name, None where there is none."""

    crm: Crm
    mapping: Mapping
    forms: Forms
    parallel: int
    companies: dict[str, str | None] = field(default_factory=dict)
    products: dict[str, str | None] = field(default_factory=dict)

    async def references(self, rows: Iterable[Row]) -> References:
        """Return all that these rows need."""
        cells = [translate(self.mapping, row, self.forms) for row in rows]  # also of rows that are wrong elsewhere
        column, originator = self.mapping.company, self.mapping.originator_of_companies
        companies = (name for row in cells for name in self.mapping.companies_in(row[column])) if column else ()
        await self._find(self.companies, companies, lambda name: company(self.crm, originator, name))
        sold = (row[rule.product] for row in cells for rule in self.mapping.rows)
        await self._find(self.products, sold, lambda name: product(self.crm, name))
        return References(_found(self.companies), _found(self.products))

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


def _found(known: dict[str, str | None]) -> dict[str, str]:
    return {name: id_ for name, id_ in known.items() if id_ is not None}
