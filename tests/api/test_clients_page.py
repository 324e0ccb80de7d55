"""The examples of docs/clients.md, as they stand."""

import json
import re
from typing import Final

import pytest

from tests.architecture.sources import ROOT
from tests.security.conftest import System

PAGE: Final = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
EXAMPLES: Final = re.findall(r"```json POST /v1(\S+)\n(.*?)```", PAGE, re.DOTALL)
SERVICES: Final = {"leads": "leads", "deals": "deals"}
"""By the first part of a path; all others are of clients."""


@pytest.mark.parametrize(("path", "body"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
async def test_an_example_works_as_it_stands(path: str, body: str, system: System) -> None:
    lead = await system.apis["leads"].call("POST", "/leads", {"last_name": "Berg", "company_title": "ACME"})
    company = await system.apis["clients"].call("POST", "/companies", {"title": "ACME"})
    for name, made in {"lead": lead, "company": company}.items():
        path, body = (each.replace(f"{{{name}}}", made.json()["id"]) for each in (path, body))
    api = system.apis[SERVICES.get(path.split("/")[1], "clients")]
    answer = await api.call("POST", path, json.loads(body))
    assert answer.status_code < 300, answer.text
    assert all(item["problem"] is None for item in answer.json().get("items", ()) if "problem" in item)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```json POST") == 6


async def test_who_deletes_what_cannot_be_deleted_is_told_what_can_be_done(system: System) -> None:
    answer = await system.apis["catalog"].call("DELETE", "/products/0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a10", None)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.json()["detail"] == f"DELETE is not taken here; {answer.headers['allow']} is."
    assert answer.headers["allow"] == "GET, HEAD, PATCH"
