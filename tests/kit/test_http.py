"""HTTP as every service speaks it."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import httpx
import pytest
import structlog
from fastapi import APIRouter, Response
from pydantic import Field

from shared.kit.domain import NotFound, Refused, Unavailable
from shared.kit.service.clock import new_id, utc_now
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.cursors import Cursors, moment_and_id
from shared.kit.storage.inbox import INBOX_SIZE
from shared.kit.testing import MemoryRepository
from shared.kit.web.app import make_app
from shared.kit.web.auth import Authenticator
from shared.kit.web.call import Call, etag, needs
from shared.kit.web.conditions import MAX_WAIT_S, IfMatch, Waiting
from shared.kit.web.context import AppContext
from shared.kit.web.idempotency import IDEMPOTENCY_INDEXES, IdempotencyKeys
from shared.kit.web.routes import is_process, router
from shared.kit.web.schemas import Cursor, Input, Limit, Page
from shared.kit.web.signing_keys import KeyFile
from shared.kit.web.waiting import LongPolls
from tests.kit.jars import NOON, Jar
from tests.kit.metrics import metric
from tests.kit.tokens import AUDIENCE, ISSUER, Signer
from tests.kit.waiting import eventually

MAX_WAITERS = 2
SOONER_S = MAX_WAIT_S / 2
"""Than a caller is answered whose waiting was in vain."""


class JarIn(Input):
    amount: int = Field(ge=1)
    text: str = Field(default="", max_length=5)


class ShelfIsFull(Refused):
    code = "shelf_is_full"


def jars_router(  # noqa: C901
    jars: MemoryRepository[Jar], cursors: Cursors, long_polls: LongPolls, faults: dict[str, int]
) -> APIRouter:
    """Endpoints as a service writes them."""
    api = router()

    @api.post("/jars", status_code=201)
    async def create(body: JarIn, call: Annotated[Call, needs("jars:write")], response: Response) -> dict[str, Any]:
        if faults.get("before"):
            faults["before"] -= 1
            raise Unavailable("not now")
        jar = Jar(id=call.new_id)
        jar.fill(body.amount, body.text)
        jar = await jars.add(jar, call.cause)
        if faults.get("after"):
            faults["after"] -= 1
            raise RuntimeError(body.text)
        response.headers.update({**etag(jar.version), "Location": f"/v1/jars/{jar.id}"})
        return {"id": jar.id, "amount": jar.amount}

    @api.get("/jars/{id_}")
    async def read(id_: str, call: Annotated[Call, needs("jars:read")], response: Response) -> dict[str, Any]:
        jar = await jars.get(id_)
        response.headers.update(etag(jar.version))
        return {"id": jar.id, "amount": jar.amount}

    @api.patch("/jars/{id_}")
    async def change(
        id_: str, body: JarIn, call: Annotated[Call, needs("jars:write")], if_match: IfMatch
    ) -> dict[str, Any]:
        changed = await jars.change(id_, lambda jar: jar.fill(body.amount), call.cause, expected_version=if_match)
        return {"amount": changed.amount}

    @api.post("/jars/{id_}/spoons")
    async def add_spoon(
        id_: str, body: JarIn, call: Annotated[Call, needs("jars:write")], if_match: IfMatch
    ) -> dict[str, Any]:
        def fill(jar: Jar) -> None:
            if body.amount > 50:
                raise ShelfIsFull("no room")
            jar.fill(body.amount)

        jar = await jars.change(id_, fill, call.cause, expected_version=if_match)
        if faults.get("after"):
            faults["after"] -= 1
            raise RuntimeError(body.text)
        return {"amount": jar.amount}

    @api.post("/jars/{id_}/sealing", status_code=202)
    @is_process
    async def seal(id_: str, _: Annotated[Call, needs("jars:write")], wait: Waiting) -> dict[str, Any]:
        async def amount() -> int:
            return (await jars.get(id_)).amount

        return {"amount": await long_polls.until(amount, lambda found: found >= 10, wait)}

    @api.delete("/jars/{id_}")
    async def delete(id_: str, call: Annotated[Call, needs("jars:admin")]) -> None:
        raise ShelfIsFull("no room", {"shelf": 7})

    @api.get("/jars")
    async def list_all(
        call: Annotated[Call, needs("jars:read")], limit: Limit = 50, cursor: Cursor = None
    ) -> Page[dict[str, Any]]:
        if cursor:
            await cursors.place(cursor, moment_and_id)
        return Page(items=[], next_cursor=await cursors.give(NOON, "j1"))

    return api


class Shop:
    """A service's HTTP side, and its caller."""

    client: httpx.AsyncClient
    keys: Collection
    database: Database

    def __init__(self, signer: Signer, long_polls: LongPolls) -> None:
        self.jars: MemoryRepository[Jar] = MemoryRepository(Jar, source="/kit", new_id=new_id)
        self.faults: dict[str, int] = {}
        self.signer, self.long_polls = signer, long_polls
        self.clock_error = timedelta()

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("authorization", f"Bearer {token or self.signer.token()}")
        return await self.client.request(method, path, json=body, headers=named)

    async def so_many_wait(self, count: int) -> None:
        async def is_so() -> bool:
            return self.long_polls._free == MAX_WAITERS - count

        await eventually(is_so, f"{count} wait")

    async def create(self, amount: int = 1, **headers: str) -> httpx.Response:
        return await self.ask("POST", "/v1/jars", {"amount": amount}, **headers)


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> AsyncIterator[Shop]:
    keys = database.collection("idempotency")
    await keys.ensure(IDEMPOTENCY_INDEXES)
    signer, long_polls = Signer(tmp_path / "jwks.json"), LongPolls(MAX_WAITERS)
    shop = Shop(signer, long_polls)
    shop.keys, shop.database = keys, database
    app_context = AppContext(
        service="jars",
        authenticator=Authenticator(KeyFile(signer.jwks_file), issuer=ISSUER, audience=AUDIENCE),
        keys=IdempotencyKeys(keys, new_id=new_id),
        long_polls=long_polls,
        clock=lambda: utc_now() + shop.clock_error,
        new_id=new_id,
        is_database_away=lambda: False,
    )

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        yield

    app = make_app(
        app_context, [jars_router(shop.jars, keys.cursors, long_polls, shop.faults)], life, description="Jars"
    )
    shop.client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://shop"
    )
    yield shop
    await shop.client.aclose()


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/errors/{code}")
    assert body["title"]
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    return body


async def test_no_request_passes_without_a_valid_token(shop: Shop) -> None:
    stranger = Signer(shop.signer.jwks_file.with_name("other.json"))
    tokens = {
        "none": "",
        "expired": f"Bearer {shop.signer.token(exp=int(time.time()) - 60)}",
        "wrongly signed": f"Bearer {stranger.token()}",
        "wrong audience": f"Bearer {shop.signer.token(aud='shop')}",
        "unsigned": f"Bearer {shop.signer.unsigned()}",
        "public key as secret": f"Bearer {shop.signer.signed_with_the_public_key()}",
    }
    for name, authorization in tokens.items():
        for method in ("GET", "POST"):
            for key in ({}, {"idempotency_key": "k"}):
                answer = await shop.ask(method, "/v1/jars", {"amount": 1}, authorization=authorization, **key)
                assert_problem(answer, 401, "unauthenticated")
                assert answer.headers["www-authenticate"] == "Bearer", name
    assert shop.jars.documents == {}


async def test_a_caller_without_the_right_is_told_which_one_is_missing(shop: Shop) -> None:
    reader = shop.signer.token(roles=["reader"])
    assert (await shop.ask("GET", "/v1/jars", token=reader)).status_code == 200
    refused = assert_problem(await shop.ask("POST", "/v1/jars", {"amount": 1}, token=reader), 403, "forbidden")
    assert "jars:write" in refused["detail"]
    scoped = shop.signer.token(roles=[], scope="jars:write")
    assert (await shop.ask("POST", "/v1/jars", {"amount": 1}, token=scoped)).status_code == 201
    assert (await shop.ask("GET", "/v1/jars", token=scoped)).status_code == 403


async def test_a_refusal_is_told_as_problem_details(shop: Shop) -> None:
    admin = shop.signer.token(roles=["admin"])
    refused = assert_problem(await shop.ask("DELETE", "/v1/jars/j1", token=admin), 409, "shelf_is_full")
    assert (refused["title"], refused["detail"], refused["shelf"]) == ("Shelf is full", "no room", 7)
    assert_problem(await shop.ask("GET", "/v1/jars/j1"), 404, NotFound.code)
    assert_problem(await shop.ask("GET", "/v1/lids"), 404, "no_such_address")


async def test_every_wrong_field_is_named(shop: Shop) -> None:
    body = {"amount": 0, "text": "too long", "colour": "red"}
    answer = assert_problem(await shop.ask("POST", "/v1/jars", body), 422, "invalid_fields")
    assert {(wrong["field"], wrong["code"]) for wrong in answer["errors"]} == {
        ("amount", "greater_than_equal"),
        ("text", "string_too_long"),
        ("colour", "extra_forbidden"),
    }
    assert all(wrong["message"] for wrong in answer["errors"])


async def test_a_page_is_bounded_and_a_cursor_is_ours(shop: Shop) -> None:
    for query, field in (("limit=201", "limit"), ("limit=0", "limit"), ("cursor=rubbish", "cursor")):
        answer = await shop.ask("GET", f"/v1/jars?{query}")
        assert answer.status_code == 422
        assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]
    page = (await shop.ask("GET", "/v1/jars?limit=200")).json()
    assert (await shop.ask("GET", f"/v1/jars?cursor={page['next_cursor']}")).status_code == 200


async def test_an_old_copy_is_refused(shop: Shop) -> None:
    created = await shop.create()
    path = created.headers["location"]
    assert created.headers["etag"] == '"1"'
    assert (await shop.ask("PATCH", path, {"amount": 2}, if_match='"1"')).json() == {"amount": 3}
    assert_problem(await shop.ask("PATCH", path, {"amount": 2}, if_match='"1"'), 412, "version_mismatch")
    assert (await shop.ask("GET", path)).headers["etag"] == '"2"'
    assert (await shop.ask("PATCH", path, {"amount": 2}, if_match="*")).json() == {"amount": 5}
    for form in ('"new"', '"1', '1"', "W/1", '"1", "2"'):
        wrong = assert_problem(await shop.ask("PATCH", path, {"amount": 2}, if_match=form), 422, "invalid_fields")
        assert [error["field"] for error in wrong["errors"]] == ["if-match"]


async def test_who_is_unknown_learns_nothing_of_what_else_is_wrong(shop: Shop) -> None:
    wrong = {"if_match": "new", "idempotency_key": ""}
    assert_problem(
        await shop.ask("POST", "/v1/jars", {"colour": 1}, authorization="Bearer x", **wrong), 401, "unauthenticated"
    )


async def test_a_caller_without_permission_leaves_no_key_and_gets_no_stored_answer(shop: Shop) -> None:
    reader = shop.signer.token(roles=["reader"])
    for _ in range(2):
        refused = await shop.ask("POST", "/v1/jars", {"colour": 1}, token=reader, idempotency_key="k7")
        assert_problem(refused, 403, "forbidden")
    assert await shop.keys.count({}) == 0
    assert (await shop.create(5, idempotency_key="k8")).status_code == 201
    assert_problem(
        await shop.ask("POST", "/v1/jars", {"amount": 5}, token=reader, idempotency_key="k8"), 403, "forbidden"
    )


async def test_a_method_that_is_not_there_is_told_all_that_are(shop: Shop) -> None:
    path = (await shop.create()).headers["location"]
    answer = await shop.ask("PUT", path)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH"
    assert (await shop.ask("PATCH", "/v1/jars")).headers["allow"] == "GET, HEAD, POST"


async def test_the_api_says_which_errors_an_operation_can_give(shop: Shop) -> None:
    paths = (await shop.client.get("/openapi.json")).json()["paths"]
    reading, writing = paths["/v1/jars/{id_}"]["get"]["responses"], paths["/v1/jars/{id_}"]["patch"]["responses"]
    assert set(reading) == {"200", "304", "401", "403", "404", "422", "503", "default"}
    assert set(writing) - set(reading) == {"409", "412", "413", "415"}
    assert list(writing["409"]["content"]) == ["application/problem+json"]


async def test_the_correlation_id_goes_in_and_out(shop: Shop) -> None:
    answer = await shop.create(x_correlation_id="order:7/a")
    assert answer.headers["x-correlation-id"] == "order:7/a"
    (document,) = shop.jars.documents.values()
    assert document["outbox"][0]["headers"]["ce_correlationid"] == "order:7/a"


async def test_the_roles_that_a_token_names_go_into_the_events(shop: Shop) -> None:
    """PERM-09: whoever reacts to an event knows the rights of who caused it."""
    await shop.ask("POST", "/v1/jars", {"amount": 1}, token=shop.signer.token(roles=["user", "sales"]))
    (document,) = shop.jars.documents.values()
    assert document["outbox"][0]["headers"]["ce_actorroles"] == "sales"


@pytest.mark.parametrize("unsafe", ["", "a b", "x" * 129, '{"a":1}', "<script>", "a;b"])
async def test_an_unsafe_correlation_id_is_replaced(shop: Shop, unsafe: str) -> None:
    answer = await shop.create(x_correlation_id=unsafe)
    assert answer.headers["x-correlation-id"] != unsafe
    assert str(UUID(answer.headers["x-correlation-id"])) == answer.headers["x-correlation-id"]


async def test_a_repeat_with_its_key_gets_the_same_answer(shop: Shop) -> None:
    first = await shop.create(5, idempotency_key="k1")
    again = await shop.create(5, idempotency_key="k1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    for header in ("etag", "location", "content-type"):
        assert first.headers[header] == again.headers[header]
    assert again.headers["idempotent-replayed"] == "true"
    assert len(shop.jars.documents) == 1
    await shop.create(5, idempotency_key="k2")
    await shop.create(5)
    assert len(shop.jars.documents) == 3


async def test_repeats_at_the_same_moment_create_one(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.create(5, idempotency_key="k1") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(shop.jars.documents) == 1


async def test_a_key_is_for_one_request(shop: Shop) -> None:
    created = await shop.create(5, idempotency_key="k1")
    assert_problem(await shop.create(6, idempotency_key="k1"), 409, "idempotency_key_reused")
    elsewhere = await shop.ask("POST", f"{created.headers['location']}/sealing", idempotency_key="k1")
    assert_problem(elsewhere, 409, "idempotency_key_reused")
    spoons = f"{created.headers['location']}/spoons"
    for version, status in (('"1"', 200), ('"1"', 200), ('"2"', 409), (None, 409)):
        copy = {} if version is None else {"if_match": version}
        again = await shop.ask("POST", spoons, {"amount": 1}, idempotency_key="k2", **copy)
        assert again.status_code == status, f"{version}: {again.text}"
    assert_problem(await shop.create(5, idempotency_key="x" * 256), 422, "invalid")


async def test_the_same_key_of_another_caller_is_another_key(shop: Shop) -> None:
    mine = await shop.create(5, idempotency_key="k1")
    bobs = {"authorization": f"Bearer {shop.signer.token(sub='bob')}"}
    theirs = await shop.create(6, idempotency_key="k1", **bobs)
    assert theirs.status_code == 201
    assert mine.json()["id"] != theirs.json()["id"]


async def test_an_answer_that_failed_is_not_kept(shop: Shop) -> None:
    shop.faults["before"] = 1
    failed = assert_problem(await shop.create(5, idempotency_key="k1"), 503, "unavailable")
    assert failed["detail"] == "not now"
    assert (await shop.create(5, idempotency_key="k1")).status_code == 201


async def test_dying_between_the_write_and_the_answer_doubles_nothing(shop: Shop) -> None:
    shop.faults["after"] = 1
    assert_problem(await shop.create(5, idempotency_key="k1"), 500, "internal_error")
    (written,) = shop.jars.documents
    again = await shop.create(5, idempotency_key="k1")
    assert (again.status_code, again.json()["id"]) == (201, written)
    assert len(shop.jars.documents) == 1


async def test_a_process_answers_a_repeat_with_its_present_state(shop: Shop) -> None:
    path = (await shop.create(5)).headers["location"]
    first = await shop.ask("POST", f"{path}/sealing", idempotency_key="k1")
    assert (first.status_code, first.json()) == (202, {"amount": 5})
    await shop.ask("PATCH", path, {"amount": 2})
    again = await shop.ask("POST", f"{path}/sealing", idempotency_key="k1")
    assert again.json() == {"amount": 7}


async def test_a_caller_may_wait_for_a_process(shop: Shop) -> None:
    path = (await shop.create(5)).headers["location"]
    waiting = asyncio.create_task(shop.ask("POST", f"{path}/sealing", prefer="respond-async, wait=60"))
    await shop.so_many_wait(1)
    await shop.ask("PATCH", path, {"amount": 5})
    assert (await asyncio.wait_for(waiting, SOONER_S)).json() == {"amount": 10}
    await shop.so_many_wait(0)


async def test_waiting_ends_with_its_time(shop: Shop) -> None:
    path = (await shop.create(5)).headers["location"]
    assert (await shop.ask("POST", f"{path}/sealing", prefer="wait=1")).json() == {"amount": 5}


async def test_those_who_wait_are_bounded(shop: Shop) -> None:
    path = (await shop.create(5)).headers["location"]
    waiting = [asyncio.create_task(shop.ask("POST", f"{path}/sealing", prefer="wait=999")) for _ in range(2)]
    await shop.so_many_wait(2)
    one_too_many = await asyncio.wait_for(shop.ask("POST", f"{path}/sealing", prefer="wait=999"), SOONER_S)
    assert one_too_many.json() == {"amount": 5}
    await shop.ask("PATCH", path, {"amount": 5})
    assert [(await asyncio.wait_for(task, SOONER_S)).json() for task in waiting] == [{"amount": 10}] * 2


async def test_no_request_waits_for_a_service_that_stops(shop: Shop) -> None:
    path = (await shop.create(5)).headers["location"]
    waiting = asyncio.create_task(shop.ask("POST", f"{path}/sealing", prefer="wait=60"))
    await shop.so_many_wait(1)
    shop.long_polls.release_all()
    assert (await asyncio.wait_for(waiting, SOONER_S)).json() == {"amount": 5}


async def test_no_request_waits_longer_than_the_bound(shop: Shop) -> None:
    path = (await shop.create(10)).headers["location"]
    answer = await shop.ask("POST", f"{path}/sealing", prefer="wait=99999")
    assert answer.headers["preference-applied"] == f"wait={MAX_WAIT_S}"


@pytest.mark.parametrize("prefer", ["wait=3", "respond-async; wait=3", "respond-async, wait=3", 'Wait = "3"'])
async def test_a_granted_wait_is_named_in_the_answer(shop: Shop, prefer: str) -> None:
    path = (await shop.create(10)).headers["location"]
    answer = await shop.ask("POST", f"{path}/sealing", prefer=prefer)
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "wait=3")
    assert "preference-applied" not in (await shop.ask("POST", f"{path}/sealing")).headers


@pytest.mark.parametrize(
    "prefer", ["wait=abc", "wait=", "wait", "wait=-1", "wait=1.5", "await=3", "return=minimal", "wait=1, wait=2"]
)
async def test_a_preference_that_is_not_understood_is_refused(shop: Shop, prefer: str) -> None:
    path = (await shop.create(5)).headers["location"]
    refused = assert_problem(await shop.ask("POST", f"{path}/sealing", prefer=prefer), 422, "invalid_fields")
    expected = "repeated_preference" if prefer.count("wait") > 1 else "unknown_preference"
    assert [(wrong["field"], wrong["code"]) for wrong in refused["errors"]] == [("prefer", expected)]


async def test_a_wait_for_which_there_is_no_room_is_not_called_granted(shop: Shop) -> None:
    path = (await shop.create(5)).headers["location"]
    waiting = [asyncio.create_task(shop.ask("POST", f"{path}/sealing", prefer="wait=60")) for _ in range(2)]
    await shop.so_many_wait(2)
    one_too_many = await asyncio.wait_for(shop.ask("POST", f"{path}/sealing", prefer="wait=60"), SOONER_S)
    assert "preference-applied" not in one_too_many.headers
    await shop.ask("PATCH", path, {"amount": 5})
    assert [(await task).headers["preference-applied"] for task in waiting] == ["wait=60"] * 2


async def test_everything_that_a_route_does_not_know_is_named_at_once_with_what_was_meant(shop: Shop) -> None:
    answer = await shop.ask("GET", "/v1/jars?limits=3&limit=1&limit=2&colour=red", if_match='"1"')
    refused = assert_problem(answer, 422, "unknown_parameter")
    assert [(wrong["field"], wrong["code"]) for wrong in refused["errors"]] == [
        ("limits", "unknown_parameter"),
        ("limit", "repeated_parameter"),
        ("colour", "unknown_parameter"),
        ("if-match", "header_not_applicable"),
    ]
    assert "did you mean limit?" in refused["errors"][0]["message"]
    assert refused["errors"][2]["message"] == "there is no such parameter; there are cursor, limit"


@pytest.mark.parametrize("limit", ["1.0", "1_0", " 1", "+1", "\N{ARABIC-INDIC DIGIT ONE}", "true", ""])
async def test_a_number_in_a_query_is_in_digits(shop: Shop, limit: str) -> None:
    answer = await shop.client.get(
        "/v1/jars", params={"limit": limit}, headers={"authorization": f"Bearer {shop.signer.token()}"}
    )
    assert [wrong["field"] for wrong in assert_problem(answer, 422, "invalid_fields")["errors"]] == ["limit"]


async def test_a_key_on_a_method_that_needs_none_is_refused(shop: Shop) -> None:
    path = (await shop.create(5)).headers["location"]
    for amount in (2, 3):
        refused = await shop.ask("PATCH", path, {"amount": amount}, idempotency_key="k1")
        assert_problem(refused, 422, "header_not_applicable")
    assert (await shop.ask("GET", path)).json()["amount"] == 5


async def test_a_refused_request_leaves_its_key_to_the_corrected_one(shop: Shop) -> None:
    """ADR 0031."""
    for _ in range(2):
        wrong = await shop.ask("POST", "/v1/jars", {"amount": 0}, idempotency_key="k1")
        assert_problem(wrong, 422, "invalid_fields")
    corrected = await shop.create(7, idempotency_key="k1")
    assert (corrected.status_code, corrected.json()["amount"]) == (201, 7)
    again = await shop.create(7, idempotency_key="k1")
    assert (again.content, again.headers["idempotent-replayed"]) == (corrected.content, "true")
    late = await shop.ask("POST", "/v1/jars", {"amount": 0}, idempotency_key="k1")
    assert_problem(late, 409, "idempotency_key_reused")
    assert len(shop.jars.documents) == 1


async def test_a_request_that_the_state_refused_is_judged_again_with_its_key(shop: Shop) -> None:
    """ADR 0031."""
    path = (await shop.create(5)).headers["location"]
    lost = await shop.ask("POST", "/v1/jars/lost/spoons", {"amount": 1}, idempotency_key="k1")
    assert_problem(lost, 404, "not_found")
    full = await shop.ask("POST", f"{path}/spoons", {"amount": 51}, idempotency_key="k1")
    assert_problem(full, 409, "shelf_is_full")
    stale = await shop.ask("POST", f"{path}/spoons", {"amount": 1}, idempotency_key="k1", if_match='"7"')
    assert_problem(stale, 412, "version_mismatch")
    for _ in range(2):
        fits = await shop.ask("POST", f"{path}/spoons", {"amount": 1}, idempotency_key="k1", if_match='"1"')
        assert (fits.status_code, fits.json()) == (200, {"amount": 6})


async def test_a_failed_request_keeps_its_key_because_it_may_have_written(shop: Shop) -> None:
    """ADR 0031."""
    shop.faults["after"] = 1
    assert_problem(await shop.create(5, idempotency_key="k1"), 500, "internal_error")
    assert_problem(await shop.create(6, idempotency_key="k1"), 409, "idempotency_key_reused")
    assert (await shop.create(5, idempotency_key="k1")).status_code == 201


async def test_a_repeat_without_a_stored_answer_acts_once_however_much_has_happened_since(shop: Shop) -> None:
    path = (await shop.create(5)).headers["location"]
    shop.faults["after"] = 1
    spoon = {"amount": 1}
    failed = await shop.ask("POST", f"{path}/spoons", spoon, idempotency_key="k1", if_match='"1"')
    assert_problem(failed, 500, "internal_error")
    for _ in range(INBOX_SIZE + 1):
        assert (await shop.ask("PATCH", path, {"amount": 1})).status_code == 200
    (document,) = shop.jars.documents.values()
    document["outbox"] = []
    for _ in range(2):
        again = await shop.ask("POST", f"{path}/spoons", spoon, idempotency_key="k1", if_match='"1"')
        assert (again.status_code, again.json()) == (200, {"amount": 5 + 1 + INBOX_SIZE + 1})


async def test_a_key_expires_by_the_clock_of_the_database(shop: Shop) -> None:
    """That of a process may be wrong: two days slow, it would make keys that have expired already."""
    shop.clock_error = timedelta(days=-2)
    before = await shop.database.now()
    await shop.create(5, idempotency_key="k1")
    (kept,) = await shop.keys.find({})
    assert before <= kept["created_at"] <= await shop.database.now()


async def test_a_request_is_measured_by_its_route_and_never_by_its_path(shop: Shop) -> None:
    def seen(method: str, route: str, status: str) -> float:
        labels = {"method": method, "route": route, "status": status}
        return metric("crm_http_request_duration_seconds_count", **labels) or 0

    known = ("PATCH", "/v1/jars/{id_}", "200")
    unknown, odd = ("GET", "unmatched", "404"), ("_OTHER", "unmatched", "404")
    before = [seen(*labels) for labels in (known, unknown, odd)]
    path = (await shop.create()).headers["location"]
    await shop.ask("PATCH", path, {"amount": 2})
    await shop.ask("GET", "/v1/lids/secret")
    await shop.ask("BREW", "/v1/coffee")
    assert [seen(*labels) for labels in (known, unknown, odd)] == [count + 1 for count in before]
    assert metric("crm_http_requests_in_progress") == 0


async def test_those_who_wait_are_counted(shop: Shop) -> None:
    assert metric("crm_http_waiters_limit") == MAX_WAITERS
    path = (await shop.create(5)).headers["location"]
    waiting = asyncio.create_task(shop.ask("POST", f"{path}/sealing", prefer="wait=30"))
    await shop.so_many_wait(1)
    assert (metric("crm_http_waiters"), metric("crm_http_requests_in_progress")) == (1, 1)
    await shop.ask("PATCH", path, {"amount": 5})
    await waiting
    assert (metric("crm_http_waiters"), metric("crm_http_requests_in_progress")) == (0, 0)


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/openapi.json"])
async def test_the_docs_need_no_internet(shop: Shop, page: str) -> None:
    answer = await shop.client.get(page)
    assert answer.status_code == 200
    if page == "/openapi.json":
        assert "/v1/jars" in answer.json()["paths"]
        return
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", answer.text)
    assert "https://" not in answer.text
    for asset in re.findall(r"""(?:src|href)\s*=\s*["'](/[^"']+)""", answer.text):
        assert (await shop.client.get(asset)).status_code == 200, asset


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """Log lines with their context, before they are rendered."""
    lines: list[dict[str, Any]] = []

    def keep(_: Any, __: str, line: MutableMapping[str, Any]) -> NoReturn:
        lines.append(dict(line))
        raise structlog.DropEvent

    before = structlog.get_config()["processors"]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, keep]
    )
    yield lines
    structlog.configure(processors=before)


async def test_a_failure_shows_nothing_of_the_inside(shop: Shop, logged: list[dict[str, Any]]) -> None:
    shop.faults["after"] = 1
    body = {"amount": 1, "text": "Erna"}
    answer = await shop.ask("POST", "/v1/jars", body, x_correlation_id="c-1")
    problem = assert_problem(answer, 500, "internal_error")
    assert problem["correlation_id"] == "c-1"
    for inside in ("Traceback", "RuntimeError", "Erna", "File"):
        assert inside not in answer.text


async def test_the_log_names_the_chain_and_never_the_content(shop: Shop, logged: list[dict[str, Any]]) -> None:
    shop.faults["after"] = 1
    token = shop.signer.token()
    await shop.ask("POST", "/v1/jars", {"amount": 424242, "text": "x"}, token=token, x_correlation_id="c-1")
    await shop.ask("POST", "/v1/jars", {"amount": 424242, "colour": "Erna"}, x_correlation_id="c-2")
    assert [line["event"] for line in logged] == ["request failed", "write refused"]
    assert logged[0]["correlation_id"] == "c-1"
    everything = json.dumps(logged, default=str)
    for content in ("424242", "Erna", token):
        assert content not in everything
