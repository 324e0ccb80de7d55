"""A timeline is filtered by the kinds of its entries, as other lists are (TL-01)."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from services.timeline.entry.domain.kinds import KINDS
from services.timeline.entry.store import entries as stored_entries
from tests.catalog.running import Api, wrong_fields
from tests.timeline.conftest import Deliver
from tests.timeline.events import contacts_attached, lead_created, lead_renamed


async def asked(timeline: Api, element: str, filter_: Any, **more: Any) -> dict[str, Any]:
    """One page."""
    parameters = "".join(f"&{name}={value}" for name, value in more.items() if value is not None)
    path = f"/timeline?element={element}&filter={quote(json.dumps(filter_))}{parameters}"
    answer = await timeline.call("GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def kinds(timeline: Api, element: str, filter_: Any, **more: Any) -> list[str]:
    return [entry["kind"] for entry in (await asked(timeline, element, filter_, **more))["items"]]


@pytest.mark.parametrize(
    ("filter_", "shown"),
    [
        ({}, ["element_modified", "element_created"]),
        ({"kind": "element_created"}, ["element_created"]),
        ({"kind": {"in": ["element_modified", "linked"]}}, ["element_modified"]),
        ({"kind": {"!=": "element_created"}}, ["element_modified"]),
        ({"kind": {"not in": ["element_created", "element_modified"]}}, []),
        ({"or": [{"kind": "element_created"}, {"kind": "element_modified"}]}, ["element_modified", "element_created"]),
        ({"not": {"kind": "element_modified"}}, ["element_created"]),
        ({"kind": "linked"}, []),
    ],
    ids=json.dumps,
)
async def test_entries_are_shown_of_the_kinds_that_pass(
    timeline: Api, deliver: Deliver, one: str, filter_: Any, shown: list[str]
) -> None:
    """TL-01."""
    await deliver(lead_created(one), lead_renamed(one, seconds=5))
    assert await kinds(timeline, f"lead:{one}", filter_) == shown


async def test_a_filter_holds_beside_named_kinds(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-01: all that is asked for has to hold."""
    await deliver(lead_created(one), lead_renamed(one, seconds=5))
    not_new = {"kind": {"!=": "element_created"}}
    assert await kinds(timeline, f"lead:{one}", not_new, types="element_created") == []
    assert await kinds(timeline, f"lead:{one}", not_new, types="element_created,element_modified") == [
        "element_modified"
    ]


@pytest.mark.parametrize(
    ("filter_", "field"),
    [
        ({"kind": "unknown"}, "filter.kind"),
        ({"kind": {"in": ["linked", "unknown"]}}, "filter.kind.in.1"),
        ({"kind": {">": "linked"}}, "filter.kind.>"),
        ({"text": "Moved"}, "filter.text"),
        ({"$where": "1"}, "filter.$where"),
        ([], "filter"),
    ],
    ids=json.dumps,
)
async def test_a_wrong_filter_of_a_timeline_is_refused(timeline: Api, one: str, filter_: Any, field: str) -> None:
    """TL-01: all of it is named."""
    path = f"/timeline?element=lead:{one}&filter={quote(json.dumps(filter_))}"
    assert wrong_fields(await timeline.call("GET", path)) == {field}


async def test_rare_entries_are_looked_for_page_by_page(
    timeline: Api, deliver: Deliver, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TL-01: a page looks at a bounded number of entries, and who goes on gets every one that passes, once."""
    monkeypatch.setattr(stored_entries, "LOOKED_AT", 4)
    renamed = [lead_renamed(one, seconds=second) for second in range(1, 20)]
    await deliver(lead_created(one), *renamed, contacts_attached(one, seconds=30))
    found, cursor, pages = list[str](), None, 0
    while True:
        page = await asked(timeline, f"lead:{one}", {"kind": {"!=": "element_modified"}}, cursor=cursor)
        found += [entry["kind"] for entry in page["items"]]
        pages, cursor = pages + 1, page["next_cursor"]
        if cursor is None:
            break
    assert found[-1] == "element_created"
    assert found.count("element_created") == 1
    assert set(found) <= set(KINDS) - {"element_modified"}
    assert pages > 3
