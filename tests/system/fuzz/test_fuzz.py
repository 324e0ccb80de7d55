"""Thousands of requests that nobody would think of: no 5xx, and every answer is as the API's own description says.

Schemathesis runs as the program that it is, with all its checks, against the running services. The short
form leaves out its coverage phase, which tries the bounds of every single field; `CRM_FUZZ_EXAMPLES` adds it and digs
deeper (`make fuzz`).
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from deploy.local.services import ROOT
from tests.system.crm import Crm

HERE = Path(__file__).parent
DEEPER = os.environ.get("CRM_FUZZ_EXAMPLES")
PHASES = "examples,coverage,fuzzing,stateful" if DEEPER else "examples,fuzzing,stateful"
SEED = "20261123"


@pytest.mark.timeout(1800)
async def test_each_service_keeps_to_its_own_description_whatever_it_is_asked(crm: Crm, tmp_path: Path) -> None:
    """All five at a time."""
    found = await asyncio.gather(*(_fuzz(crm, name, tmp_path) for name in crm.services))
    for code, report in found:
        assert code == 0, report
        assert "generated" in report
    await crm.recovered()


async def _fuzz(crm: Crm, name: str, directory: Path) -> tuple[int | None, str]:
    """Exit code and report of one run."""
    schemathesis = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
    how_deep = ["--phases", PHASES, "--max-examples", DEEPER or "4", "--seed", SEED]
    process = await asyncio.create_subprocess_exec(
        *schemathesis,
        f"{crm.services[name].url}/openapi.json",
        *how_deep,
        *("--checks", "all", "--continue-on-failure", "--no-color"),
        "--header",
        f"Authorization: {crm.http.headers['Authorization']}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=directory,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.system.fuzz.hooks",
            "PYTHONPATH": f"{ROOT}:{ROOT}/shared/contracts",
        },
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode(errors="replace")
