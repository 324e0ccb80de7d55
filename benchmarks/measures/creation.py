"""B1, B6 and B10: leads are created one by one, by an import, in batches."""

import csv
import os
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.bench import LIMIT, OURS, Bench, callers
from benchmarks.ours.batching import PATH, SIZE
from benchmarks.ours.callers import Callers
from benchmarks.program import measured
from benchmarks.results import NOTHING, Row
from deploy.cli.demo.dataset import SAMPLES, DataSet
from deploy.cli.imports import Kind

ROWS: Final = 8_800
_WARM_UP: Final = 100


async def b1(bench: Bench) -> None:
    """Create leads over HTTP."""
    async with bench.bare_fastapi() as bare:
        for number, operations in ((1, 300), (16, 1500)):
            if number == 1 and bench.theirs is not None:
                continue  # the targets against another revision are about load
            given = bench.given({"callers": number}, operations)
            limit = partial(measured, "ours.creation", bare, **given)
            row = Row("B1", f"create leads, {callers(number)}", NOTHING, at_least=0.45)
            await bench.compare(row, "creation", limit=limit, **given)


async def b6(bench: Bench) -> None:
    """Import a file of leads, eight rows at a time."""
    folder = Path(os.environ.get("CRM_DATASET") or SAMPLES)
    rows = bench.some(ROWS)
    with TemporaryDirectory() as made:
        leads, warm_up = Path(made) / "leads.csv", Path(made) / "warm-up.csv"
        source = DataSet.of(folder).files[Kind.LEADS]
        write_leads(source, leads, rows, prefix="m")
        write_leads(source, warm_up, _WARM_UP)
        async with bench.bare_fastapi() as bare:
            limit = partial(measured, "ours.creation", bare, **bench.given({"callers": 8}, 1500))
            row = Row("B6", f"import a file of {rows:,} leads", NOTHING, times_at_least=4.0)
            files = {"folder": str(folder), "warm_up": str(warm_up), "leads": str(leads)}
            # The longest of all, and long enough to be steady.
            await bench.compare(row, "importing", limit=limit, rounds=1, **files, rows=rows, parallel=8)


async def b10(bench: Bench) -> None:
    """Create leads in batches, beside the same one by one."""
    await bench.give_machine_to(bench.ours)
    row = Row("B10", f"create leads in batches of {SIZE}, 16 callers; beside single ones", NOTHING, at_least=3.0)
    async with Callers(bench.target) as crm:
        is_there = await crm.has("leads", PATH)
    if not is_there:
        bench.add(replace(row, what=f"{row.what}: POST /v1{PATH} is not there"))
        return
    batches = bench.some(64)
    sides = {
        OURS: partial(measured, "ours.batching", bench.target, callers=16, batches=batches),
        LIMIT: partial(measured, "ours.creation", bench.target, **bench.given({"callers": 16}, 1500)),
    }
    await bench.by_turns(row, sides)


def write_leads(source: Path, file: Path, rows: int, prefix: str = "") -> None:
    """Write so many leads: those of the source, again and again under further origins where there are too few."""
    with source.open(encoding="utf-8", newline="") as opened:
        header, *there = csv.reader(opened)
    with file.open("w", encoding="utf-8", newline="") as opened:
        written = csv.writer(opened)
        written.writerow(header)
        for number, (origin, *rest) in enumerate(islice(cycle(there), rows)):
            times = number // len(there)
            written.writerow([f"{prefix}{origin}-{times}" if times else f"{prefix}{origin}", *rest])
