"""What an answer shows when the request, the data or the database is wrong: a code, and nothing of the inside."""

from typing import Final

import httpx
import pytest

from tests.security.conftest import System

SURNAME: Final = "Zwirbelthal"
INSIDE: Final = (
    "Traceback",
    "File ",
    "pydantic",
    "mongo",
    "validator",
    "Document",
    "Error:",
    SURNAME,
    "$set",
    "collection",
)


def user(system: System, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {system.signer.token()}", **more}


def assert_shows_nothing_of_the_inside(answer: httpx.Response, statuses: set[int]) -> None:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "correlation_id"} <= answer.json().keys()
    assert not [text for text in INSIDE if text in answer.text], answer.text


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"title": }', b"\xff\xfe", b"null", b"[]", b'"x"', b'{"title": NaN}', b'{"title": "\\ud800"}'],
)
async def test_a_body_that_is_no_json_object_is_the_callers_mistake(system: System, content: bytes) -> None:
    headers = user(system, **{"content-type": "application/json"})
    answer = await system.apis["leads"].client.post("/leads", content=content, headers=headers)
    assert_shows_nothing_of_the_inside(answer, {400, 422})


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""]
)
async def test_a_body_of_another_kind_is_refused(system: System, kind: str) -> None:
    headers = user(system, **({"content-type": kind} if kind else {}))
    content = f'{{"title": "{SURNAME}"}}'.encode()
    answer = await system.apis["leads"].client.post("/leads", content=content, headers=headers)
    assert_shows_nothing_of_the_inside(answer, {415, 422})


async def test_a_write_that_the_database_refuses_is_a_plain_500(system: System) -> None:
    leads = system.apis["leads"]
    command = leads.database._inner.command
    await command("collMod", "leads", validator={"title": {"$ne": SURNAME}})
    try:
        answer = await leads.client.post("/leads", json={"title": SURNAME}, headers=user(system))
    finally:
        await command("collMod", "leads", validator={})
    assert_shows_nothing_of_the_inside(answer, {500})
    assert answer.json()["code"] == "internal_error"


async def test_a_document_that_cannot_be_read_any_more_is_a_plain_500(system: System) -> None:
    leads = system.apis["leads"]
    lead = (await leads.client.post("/leads", json={"title": "x"}, headers=user(system))).json()["id"]
    await leads.database.collection("leads").update({"_id": lead}, {"$set": {"phones": SURNAME}})
    for path in (f"/leads/{lead}", "/leads"):
        assert_shows_nothing_of_the_inside(await leads.client.get(path, headers=user(system)), {500})
    await leads.database.collection("leads").delete({"_id": lead})
