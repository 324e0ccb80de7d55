"""Timelines as the API shows them, by the page or whole."""

from typing import Any
from urllib.parse import urlencode

from tests.catalog.running import Api


async def page(timeline: Api, element: str, **more: Any) -> dict[str, Any]:
    answer = await timeline.call("GET", f"/timeline?{urlencode({'element': element, **more})}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def events_of(timeline: Api, element: str, **more: Any) -> list[str]:
    """The events of all pages."""
    ids: list[str] = []
    while True:
        found = await page(timeline, element, **more)
        ids += [entry["event_id"] for entry in found["items"]]
        if found["next_cursor"] is None:
            return ids
        more["cursor"] = found["next_cursor"]
