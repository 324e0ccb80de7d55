"""The examples of docs/filters.md, as they stand."""

import json
import re
from typing import Any, Final

import pytest

from tests.architecture.sources import ROOT
from tests.builders.running import Api, wrong_fields

PAGE: Final = (ROOT / "docs" / "filters.md").read_text(encoding="utf-8")
EXAMPLES: Final = [(mark, json.loads(body)) for mark, body in re.findall(r"```json *(\w*)\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("example", [body for mark, body in EXAMPLES if not mark])
async def test_an_example_of_a_filter_works_as_it_stands(api: Api, example: dict[str, Any]) -> None:
    answer = await api("POST", "/deals/query", example)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"items", "next_cursor", "complete", "count"}


async def test_what_is_wrong_with_the_example_of_a_refusal_is_named_at_once(api: Api) -> None:
    (refused,) = (body for mark, body in EXAMPLES if mark == "refused")
    answer = await api("POST", "/deals/query", refused)
    assert wrong_fields(answer) == ["filter.colour", "filter.or.0.amount", "filter.or.1.stage_id.like"]


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 6
