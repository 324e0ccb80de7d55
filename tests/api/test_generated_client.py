"""Clients that other teams generate from our documents change what they are told to change, and nothing else."""

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from deploy.local.services import SERVICES
from tests.api.documents import document_of
from tests.security.conftest import System

POINTS: Final = {"phones": [{"value": "030 901820"}], "emails": [{"kind": "HOME", "value": "anna@example.com"}]}
OWN: Final = {"open_to_all": False, "observers": ["bruno"]}
ELEMENTS: Final[Mapping[str, tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "lead": ("leads", {"title": "Pumps for Berlin", "comments": "-", **POINTS, **OWN}, {"comments": "call back"}),
    "deal": ("deals", {"title": "Pumps", "comments": "-", "currency": "EUR", **OWN}, {"comments": "call back"}),
    "contact": ("clients", {"last_name": "Berg", "export": False, **POINTS, **OWN}, {"comments": "call back"}),
    "company": ("clients", {"title": "ACME", **POINTS, **OWN}, {"comments": "call back"}),
    "product": (
        "catalog",
        {"name": "Pump", "active": False, "sort": 7, "measure_code": 6, "vat_included": True, "section_ids": ["a"]},
        {"vat_rate": "19"},
    ),
}
"""By noun: the service, a record that differs from every default, and one field to change."""


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a client of each service, made by openapi-python-client, which is on the path of imports."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "config.yml").write_text("post_hooks: []\n")
    for service in SERVICES:
        document = folder / f"{service}.json"
        document.write_text(json.dumps(document_of(service)))
        generate = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
        files = ["--path", str(document), "--config", str(folder / "config.yml")]
        subprocess.run([*generate, *files, "--output-path", str(folder / f"generated_{service}")], check=True)
    return folder


@pytest.mark.parametrize("noun", ELEMENTS)
async def test_a_generated_client_changes_the_field_that_it_sets_and_no_other(
    noun: str, clients: Path, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(clients))
    service, record, change = ELEMENTS[noun]
    api = system.apis[service]
    plural = {"company": "companies"}.get(noun, f"{noun}s")
    before = (await api.call("POST", f"/{plural}", record)).json()

    patch = getattr(import_module(f"generated_{service}.models"), PATCHES[noun])(**change)
    update = import_module(f"generated_{service}.api.{plural}.update_{noun}").asyncio_detailed
    generated = import_module(f"generated_{service}.client").AuthenticatedClient(
        f"http://{service}", api.signer.token(), httpx_args={"transport": httpx.ASGITransport(system.apps[service])}
    )
    answer = await update(before["id"], client=generated, body=patch)

    assert answer.status_code == 200, answer.content
    after = (await api.call("GET", f"/{plural}/{before['id']}")).json()
    moved = {"version", "updated_at", "updated_by", "link_state", "link_refusal"}
    assert {name: value for name, value in after.items() if before.get(name) != value and name not in moved} == change


PATCHES: Final = {
    "lead": "LeadPatch",
    "deal": "DealPatch",
    "contact": "ContactFieldsIn",
    "company": "CompanyFieldsIn",
    "product": "ProductFieldsIn",
}
"""Names of the bodies in the documents."""
