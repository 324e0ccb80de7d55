"""Thousands of requests that nobody would think of: no 5xx, and every answer is as the API's own description says.

Schemathesis runs as the program that it is, with all its checks, against the running services. The short
form leaves out its coverage phase, which tries the bounds of every single field; `CRM_FUZZ_EXAMPLES` adds it and digs
deeper (`make fuzz`).
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from deploy.local.services import ROOT
from shared.elements.domain.fields import OPERATORS
from tests.system.conftest import a_crm_of_its_own
from tests.system.crm import Crm

HERE = Path(__file__).parent
DEEPER = os.environ.get("CRM_FUZZ_EXAMPLES")
PHASES = "examples,coverage,fuzzing,stateful" if DEEPER else "examples,fuzzing,stateful"
SEED = "20261123"
HOOKS: Final = "tests.system.fuzz.hooks"
FILTERED: Final[Mapping[str, tuple[str, ...]]] = {
    "leads": ("GET /v1/leads", "POST /v1/leads/query", "GET /v1/lead-stages"),
    "deals": ("GET /v1/deals", "POST /v1/deals/query", "GET /v1/deal-stages"),
    "clients": (
        *("GET /v1/contacts", "POST /v1/contacts/query"),
        *("GET /v1/companies", "POST /v1/companies/query"),
    ),
    "catalog": ("GET /v1/products", "POST /v1/products/query"),
    "timeline": ("GET /v1/timeline",),
}
"""The routes that take filters, by service."""
KNOWN: Final = frozenset().union(*OPERATORS.values())
"""The operators of fields of any kind."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crm]:
    """A CRM whose mode, stages and settings may become anything."""
    async with a_crm_of_its_own(tmp_path_factory.mktemp("fuzz")) as system:
        yield system


@pytest.mark.timeout(1800)
async def test_each_service_keeps_to_its_own_description_whatever_it_is_asked(crm: Crm, tmp_path: Path) -> None:
    """All five at a time."""
    found = await asyncio.gather(*(_fuzz(crm, name, tmp_path) for name in crm.services))
    for code, report in found:
        assert code == 0, report
        assert "generated" in report
    await crm.recovered()


@pytest.mark.timeout(1800)
async def test_each_list_answers_the_filters_that_it_describes(crm: Crm, tmp_path: Path) -> None:
    """DEAL-02, TL-01: in bodies and in addresses, with every operator that there is."""

    async def asked(name: str, routes: tuple[str, ...]) -> tuple[int | None, str, Any]:
        log = tmp_path / f"{name}.har"
        only = ("--include-name-regex", f"^({'|'.join(routes)})$", "--report-har-path", str(log))
        how = ("--phases", "fuzzing", "--mode", "positive", "--max-examples", DEEPER or "30", "--seed", SEED)
        code, report = await _schemathesis(crm, name, tmp_path, *only, *how, hooks="tests.system.fuzz.filters")
        return code, report, json.loads(log.read_text())

    answered: dict[str, set[str]] = {route: set() for routes in FILTERED.values() for route in routes}
    for code, report, log in await asyncio.gather(*(asked(*each) for each in FILTERED.items())):
        assert code == 0, report
        for entry in log["log"]["entries"]:
            if entry["response"]["status"] == httpx.codes.OK:
                route, filter_ = _filter_in(entry["request"])
                answered[route] |= set(_operators(filter_))
    assert [route for route, operators in answered.items() if not operators] == [], "nothing was filtered"
    assert set().union(*answered.values()) == KNOWN | {"and", "or", "not"}


def _filter_in(request: Mapping[str, Any]) -> tuple[str, Any]:
    """The route that was asked, and by which filter."""
    address = urlsplit(request["url"])
    in_address = parse_qs(address.query).get("filter", ["{}"])[0]
    body = json.loads(request["postData"]["text"]) if "postData" in request else {"filter": json.loads(in_address)}
    return f"{request['method']} {address.path}", body.get("filter") or {}


def _operators(filter_: Mapping[str, Any]) -> Iterator[str]:
    """The operators and groups in a filter."""
    for name, value in filter_.items():
        if name in {"and", "or"}:
            yield name
            for each in value:
                yield from _operators(each)
        elif name == "not":
            yield name
            yield from _operators(value)
        elif isinstance(value, dict):
            yield from KNOWN & value.keys()  # what is none counts days or hours, as a value alone
        else:
            yield "="


async def _fuzz(crm: Crm, name: str, directory: Path) -> tuple[int | None, str]:
    """All that a service describes, with valid and invalid input."""
    how_deep = ("--phases", PHASES, "--max-examples", DEEPER or "4", "--seed", SEED)
    return await _schemathesis(crm, name, directory, *how_deep)


async def _schemathesis(
    crm: Crm, name: str, directory: Path, *options: str, hooks: str = HOOKS
) -> tuple[int | None, str]:
    """Exit code and report of one run."""
    schemathesis = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
    process = await asyncio.create_subprocess_exec(
        *schemathesis,
        f"{crm.services[name].url}/openapi.json",
        *options,
        *("--checks", "all", "--continue-on-failure", "--no-color"),
        # How long it takes to think of a request says how busy the machine is.
        "--suppress-health-check=too_slow",
        "--header",
        f"Authorization: {crm.http.headers['Authorization']}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=directory,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": hooks,
            "PYTHONPATH": f"{ROOT}:{ROOT}/shared/contracts",
        },
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode(errors="replace")
