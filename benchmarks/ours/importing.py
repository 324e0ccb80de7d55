"""B6: a whole file of leads is imported, by the operator's own import."""

import io
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from benchmarks.figures import Run
from benchmarks.ours.callers import Refused
from benchmarks.program import Target
from deploy.cli.client import Crm
from deploy.cli.demo.dataset import SAMPLES, DataSet
from deploy.cli.imports import Import, Kind, read_mapping
from deploy.cli.imports.files import read_table


async def measure(target: Target, *, folder: str, parallel: int) -> Run:
    """Import the leads of a data set under a new origin, after its companies and products."""
    data = DataSet.of(Path(folder))
    silent = Console(file=io.StringIO())
    originator = f"bench-{uuid4().hex[:8]}"
    async with Crm(target.urls, target.token) as crm:
        for kind in (Kind.COMPANIES, Kind.PRODUCTS, Kind.LEADS):
            mapping = read_mapping(SAMPLES / f"{kind.value}.toml", originator=originator)
            counts = await Import(crm, kind, mapping, silent, parallel).run(read_table(data.files[kind]))
            if counts.rejects:
                raise Refused(f"{kind.value}: {counts.rejects[0].reason}")
    return Run((), counts.seconds, counts.created)
