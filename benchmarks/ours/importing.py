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


async def measure(target: Target, *, folder: str, leads: str, rows: int, parallel: int) -> Run:
    """Import the leads under a new origin, after companies and products; measured is the command as a whole.

    `folder` has companies and products, `leads` is the file of the leads, with so many rows.
    """
    files = DataSet.of(Path(folder)).files | {Kind.LEADS: Path(leads)}
    originator, elapsed = f"bench-{uuid4().hex[:8]}", 0.0
    for kind in (Kind.COMPANIES, Kind.PRODUCTS, Kind.LEADS):
        began = monotonic()
        await _import(target, kind, files[kind], "--originator", originator, "--parallel", str(parallel))
        elapsed = monotonic() - began
    return Run((), elapsed, rows)


async def _import(target: Target, kind: Kind, file: Path, *options: str) -> None:
    """Run the command; exit code 1 means that a row was rejected."""
    addresses = {f"CRM_{name.upper()}_URL": url for name, url in target.urls.items()}
    mapping = str(SAMPLES / f"{kind.value}.toml")
    with TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(target.crm, "import", kind.value, str(file), "--map", mapping, "--reject", "rejected.csv", *options),
            env={**os.environ, **addresses, "CRM_TOKEN": target.token},
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        written, _ = await process.communicate()
        if process.returncode:
            raise Refused(f"crm import {kind.value} ended with {process.returncode}: {written.decode()[-500:]}")
