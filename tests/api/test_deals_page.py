"""The examples of docs/deals.md, as they stand, one after the other."""

import json
import re
from typing import Final

from tests.architecture.sources import ROOT
from tests.security.conftest import System

PAGE: Final = (ROOT / "docs" / "deals.md").read_text(encoding="utf-8")
EXAMPLES: Final = re.findall(r"```json (\S+) /v1(\S+)\n(.*?)```", PAGE, re.DOTALL)


async def test_every_example_works_as_it_stands(system: System) -> None:
    """PIPE-01, PIPE-05, PIPE-06, DEAL-03, DEAL-04, DEAL-15."""
    api = system.apis["deals"]
    token = api.signer.token(roles=["admin"])
    deal = (await api.call("POST", "/deals", {"title": "Pumps"}, token=token)).json()["id"]
    run = ""
    for method, path, body in EXAMPLES:
        address = path.replace("{deal}", deal).replace("{run}", run)
        sent = json.loads(body.replace("{deal}", deal)) if body else None
        answer = await api.call(method, address, sent, token=token)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        run = answer.json()["id"] if path == "/deals/bulk" else run
    there = (await api.call("GET", f"/deals/{deal}", token=token)).json()
    assert (there["pipeline_id"], there["stage_id"]) == ("partners", "Cpartners:WON")
    assert there["amount"]["value"] == "900.00"


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```json ") == 14
