"""B6: a whole file of leads is imported by the operator's command `crm import` of the revision that runs."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.ours.callers import Refused
from benchmarks.program import Target
from deploy.cli.demo.dataset import SAMPLES, DataSet
from deploy.cli.imports import Kind


async def measure(target: Target, *, folder: str, warm_up: str, leads: str, rows: int, parallel: int) -> Run:
    """Import the leads under a new origin, after companies and products; measured is the command as a whole.

    `folder` has companies and products; `leads` is the file of the leads, with so many rows. That of the warm-up has
    some of them: its end shows that the products are known to the leads service.
    """
    files, options = DataSet.of(Path(folder)).files, ("--parallel", str(parallel))
    originator = f"bench-{uuid4().hex[:8]}"
    for kind, file in ((Kind.COMPANIES, files[Kind.COMPANIES]), (Kind.PRODUCTS, files[Kind.PRODUCTS])):
        await _import(target, kind, file, originator, *options)
    await _import(target, Kind.LEADS, Path(warm_up), originator, *options)
    began = monotonic()
    await _import(target, Kind.LEADS, Path(leads), originator, *options)
    return Run((), monotonic() - began, rows)


async def _import(target: Target, kind: Kind, file: Path, originator: str, *options: str) -> None:
    """Run the command; exit code 1 means that a row was rejected."""
    addresses = {f"CRM_{name.upper()}_URL": url for name, url in target.urls.items()}
    mapping = str(SAMPLES / f"{kind.value}.toml")
    with TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(target.crm, "import", kind.value, str(file), "--map", mapping, "--reject", "rejected.csv"),
            *("--originator", originator, *options),
            env={**os.environ, **addresses, "CRM_TOKEN": target.token},
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        written, _ = await process.communicate()
        if process.returncode:
            raise Refused(f"crm import {kind.value} ended with {process.returncode}: {written.decode()[-500:]}")
