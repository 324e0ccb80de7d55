"""The examples of docs/leads.md, as they stand, one after the other."""

import json
import re
from typing import Final

from tests.architecture.sources import ROOT
from tests.security.conftest import System

PAGE: Final = (ROOT / "docs" / "leads.md").read_text(encoding="utf-8")
EXAMPLES: Final = re.findall(r"```json (\S+) /v1(\S+)\n(.*?)```", PAGE, re.DOTALL)


async def test_every_example_works_as_it_stands(system: System) -> None:
    """MODE-04, MODE-08 to MODE-10, LEAD-06."""
    api = system.apis["leads"]
    token = api.signer.token(roles=["admin"])
    for method, path, body in EXAMPLES:
        answer = await api.call(method, path, json.loads(body), token=token)
        assert answer.is_success, f"{method} {path}: {answer.text}"
    mode = (await api.call("GET", "/settings/mode", token=token)).json()
    assert (mode["mode"], mode["conversion"]["client"]) == ("simple", "both")


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```json ") == 2
