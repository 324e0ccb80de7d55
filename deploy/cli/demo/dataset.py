"""Run a whole sales pipeline through the CRM: import, convert, check against known figures, and all of it once more.

The second round must create, update and convert nothing, and leave every version as it was.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final, Self

from rich.console import Console
from rich.table import Table

from deploy.cli.client import Crm
from deploy.cli.conversions import ConversionRequest, convert_stage
from deploy.cli.demo.expected_figures import differences, expected, measured, settled, versions, without_entries
from deploy.cli.imports import BadFile, Import, Kind, read_mapping
from deploy.cli.imports.files import read_table

SAMPLES: Final = Path(__file__).parents[2] / "samples"
_NAMES: Final = {
    Kind.COMPANIES: ("accounts.csv", "companies.csv"),
    Kind.PRODUCTS: ("products.csv",),
    Kind.LEADS: ("sales_pipeline.csv", "leads.csv"),
}
_SHOWN: Final = 20


@dataclass(frozen=True)
class DataSet:
    """The files of a folder, and the figures that are expected of them."""

    files: dict[Kind, Path]
    expected: dict[str, Any]
    """The expected figures of `oracles.json`."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Find the files of a folder.

        Raises:
            BadFile: one is missing.
        """
        files = {}
        for kind, names in _NAMES.items():
            found = next((folder / name for name in names if (folder / name).is_file()), None)
            if found is None:
                raise BadFile(f"there is no {' or '.join(names)} in {folder}")
            files[kind] = found
        if not (folder / "oracles.json").is_file():
            raise BadFile(f"there is no oracles.json in {folder}")
        return cls(files, json.loads((folder / "oracles.json").read_text(encoding="utf-8")))

    @property
    def originator(self) -> str:
        """The originator that the mappings name."""
        return read_mapping(SAMPLES / "leads.toml").originator

    @property
    def products(self) -> list[str]:
        """External ids of the products."""
        return list(self.expected["per_product"])


@dataclass
class Trial:
    """One run of a data set, with its `problems` and its `seconds`: step, number of records, time."""

    crm: Crm
    data: DataSet
    console: Console
    originator: str
    parallel: int = 8
    problems: list[str] = field(default_factory=list)
    seconds: list[tuple[str, int, float]] = field(default_factory=list)

    async def run(self) -> None:
        """Import, convert and compare, then do all of it again."""
        await self._round(again=False)
        await self._settle()
        wanted = expected(self.data.expected)
        self.problems += differences(wanted, await measured(self.crm, self.originator, self.data.products))
        before = await versions(self.crm, self.originator, self.data.products)
        await self._read_timelines([name for name in before if not name.startswith("product:")])
        await self._round(again=True)
        after = await versions(self.crm, self.originator, self.data.products)
        self.problems += [
            f"{name}: version {after.get(name)} after the second round, {before.get(name)} before it"
            for name in dict.fromkeys([*before, *after])
            if before.get(name) != after.get(name)
        ]

    async def _round(self, *, again: bool) -> None:
        for kind, file in self.data.files.items():
            await self._import(kind, file, again=again)
        results = await convert_stage(
            self.crm,
            "PROCESSED",
            ConversionRequest(deal_stage="WON"),
            console=self.console,
            originator=self.originator,
            parallel=2 * self.parallel,
        )
        converted = results.counts["converted"] + results.counts["deal moved"]
        self._took("leads converted", results.seconds, converted, again=again)
        self.problems += [f"lead {lead}: {reason}" for lead, reason in results.failed.items()]
        if again and converted:
            self.problems.append(f"{converted} leads converted by the second round")

    async def _import(self, kind: Kind, file: Path, *, again: bool) -> None:
        mapping = read_mapping(SAMPLES / f"{kind.value}.toml", originator=self.originator)
        counts = await Import(self.crm, kind, mapping, self.console, self.parallel).run(read_table(file))
        done = counts.created + counts.updated + counts.unchanged
        self._took(f"{kind.value} imported", counts.seconds, done, again=again)
        self.problems += [f"{file.name} line {one.row.line}: {one.reason}" for one in counts.rejects]
        if again and (counts.created or counts.updated):
            changed = f"{counts.created} created, {counts.updated} updated"
            self.problems.append(f"{kind.value}: {changed} by the second round")

    async def _settle(self) -> None:
        started = monotonic()
        if not await settled(self.crm, self.originator):
            self.problems.append("leads or deals still wait for the contacts of their company")
        self._took("company links settled", monotonic() - started)

    async def _read_timelines(self, elements: Sequence[str]) -> None:
        started = monotonic()
        empty = await without_entries(self.crm, elements, console=self.console, parallel=self.parallel)
        self._took("timelines read", monotonic() - started, len(elements))
        self.problems += [f"{element} has no timeline entry" for element in empty]

    def _took(self, step: str, seconds: float, count: int = 0, *, again: bool = False) -> None:
        self.seconds.append((f"{step} again" if again else step, count, seconds))

    def show(self) -> None:
        """Print times and problems."""
        table = Table("step", "things", "seconds", "per second")
        for name, count, seconds in self.seconds:
            table.add_row(name, str(count or ""), f"{seconds:.1f}", f"{count / seconds:.0f}" if count else "")
        self.console.print(table)
        for problem in self.problems[:_SHOWN]:
            self.console.print(f"[red]{problem}[/]", highlight=False)
        if len(self.problems) > _SHOWN:
            self.console.print(f"[red]... and {len(self.problems) - _SHOWN} more[/]")
