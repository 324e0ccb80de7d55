"""Rebuilds over HTTP; Kafka is away here, so that none of them gets far."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.catalog.running import Api, wrong_fields


@pytest.fixture
def admin(timeline: Api) -> str:
    return timeline.signer.token(roles=["admin"])


@pytest.fixture
async def started(timeline: Api, admin: str) -> AsyncIterator[dict[str, Any]]:
    answer = await timeline.call("POST", "/timeline/rebuilds", token=admin)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/timeline/rebuilds/{found['id']}"
    yield found
    await timeline.call("DELETE", f"/timeline/rebuilds/{found['id']}", token=admin)


async def test_a_rebuild_is_started_and_looked_at(timeline: Api, admin: str, started: dict[str, Any]) -> None:
    """TL-11: it waits for Kafka, and the timelines go on."""
    found = await timeline.call("GET", f"/timeline/rebuilds/{started['id']}", token=admin)
    assert found.status_code == 200
    assert found.json() == started
    assert (started["state"], started["read"], started["total"]) == ("building", 0, 0)
    assert (started["comparison"], started["ended_at"], started["reason"]) == (None, None, None)
    assert started["requested_by"] == "user:ann"
    assert (await timeline.call("GET", "/timeline?element=deal:1")).status_code == 200


async def test_a_second_rebuild_is_refused_and_the_first_is_named(
    timeline: Api, admin: str, started: dict[str, Any]
) -> None:
    answer = await timeline.call("POST", "/timeline/rebuilds", token=admin)
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["rebuild_id"]) == ("rebuild_running", started["id"])


async def test_the_same_request_again_is_the_same_rebuild(timeline: Api, admin: str) -> None:
    key = str(uuid4())
    answers = [await timeline.call("POST", "/timeline/rebuilds", token=admin, idempotency_key=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    await timeline.call("DELETE", f"/timeline/rebuilds/{answers[0].json()['id']}", token=admin)


async def test_rebuilds_are_listed_newest_first(timeline: Api, admin: str, started: dict[str, Any]) -> None:
    await timeline.call("DELETE", f"/timeline/rebuilds/{started['id']}", token=admin)
    newer = (await timeline.call("POST", "/timeline/rebuilds", token=admin)).json()
    await timeline.call("DELETE", f"/timeline/rebuilds/{newer['id']}", token=admin)
    first = (await timeline.call("GET", "/timeline/rebuilds?limit=1", token=admin)).json()
    cursor = first["next_cursor"]
    second = (await timeline.call("GET", f"/timeline/rebuilds?limit=1&cursor={cursor}", token=admin)).json()
    assert [page["items"][0]["id"] for page in (first, second)] == [newer["id"], started["id"]]
    assert first["items"][0]["state"] == "cancelled"


async def test_a_cancelled_rebuild_is_over(timeline: Api, admin: str, started: dict[str, Any]) -> None:
    for _ in range(2):
        answer = await timeline.call("DELETE", f"/timeline/rebuilds/{started['id']}", token=admin)
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.json()["ended_at"]


async def test_without_differences_there_is_nothing_to_accept(
    timeline: Api, admin: str, started: dict[str, Any]
) -> None:
    answer = await timeline.call("POST", f"/timeline/rebuilds/{started['id']}/switch", token=admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_accept")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/switch")])
async def test_an_unknown_rebuild_is_not_found(timeline: Api, admin: str, method: str, path: str) -> None:
    answer = await timeline.call(method, f"/timeline/rebuilds/{uuid4()}{path}", token=admin)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("query", "field"), [("limit=0", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor")])
async def test_a_list_that_cannot_be_is_refused(timeline: Api, admin: str, query: str, field: str) -> None:
    answer = await timeline.call("GET", f"/timeline/rebuilds?{query}", token=admin)
    assert wrong_fields(answer) == {field}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("GET", ""), ("GET", "/r1"), ("DELETE", "/r1"), ("POST", "/r1/switch")],
)
async def test_only_administrators_rebuild(timeline: Api, method: str, path: str) -> None:
    """A user may bind entries and nothing more, a caller without a token nothing at all."""
    refused = await timeline.call(method, f"/timeline/rebuilds{path}")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await timeline.call(method, f"/timeline/rebuilds{path}", token=None)).status_code == 401
    scoped = timeline.signer.token(roles=[], scope="timeline:admin")
    assert (await timeline.call("GET", "/timeline/rebuilds", token=scoped)).status_code == 200
