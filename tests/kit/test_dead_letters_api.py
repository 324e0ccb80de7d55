"""What an operator can do over HTTP, and who may."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from crm_contracts.client_answers import ElementCompanyRefused
from crm_contracts.envelope import Envelope
from crm_contracts.registry import parse
from crm_contracts.topics import dead_letters
from pydantic import SecretStr

from deploy.local.mongo import Mongo
from deploy.local.ports import free_port
from shared.kit.domain import Cause, Refused, Unavailable
from shared.kit.messaging.reactions import on
from shared.kit.service.service import Contracts, Service
from shared.kit.settings import KafkaSettings, MongoSettings, ServiceSettings
from tests.kit.test_subscription import KEY, MALFORMED, VALUE, wire
from tests.kit.tokens import Signer
from tests.kit.topics import Topics
from tests.kit.waiting import eventually
from tests.stack import DropLater

pytestmark = pytest.mark.real_kafka

Json = dict[str, Any]


class NoLid(Refused):
    code = "no_lid"


class Site:
    """A jars service that runs, and its operators."""

    def __init__(self, service: Service, signer: Signer) -> None:
        self.service, self._signer = service, signer
        self.error: Exception | None = NoLid("the lid is missing")
        self.heard: list[int] = []
        service.subscribe([service.topic], [on(ElementCompanyRefused, self._on_refused)])
        self.app = service.app(description="Jars")
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://jars")

    async def _on_refused(self, event: Envelope[ElementCompanyRefused], _: Cause) -> None:
        if self.error is not None:
            raise self.error
        self.heard.append(event.data.link_no)

    async def __call__(self, method: str, path: str, body: Any = None, **claims: Any) -> httpx.Response:
        """One request, by an administrator unless the token claims something else."""
        token = self._signer.token(**(claims or {"sub": "ann", "roles": ["admin"]}))
        headers = {"authorization": f"Bearer {token}"}
        return await self.http.request(method, f"/v1/dead-letters{path}", json=body, headers=headers)

    async def done(self, method: str, path: str, body: Any = None) -> Json:
        answer = await self(method, path, body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def listed(self, count: int, query: str = "") -> list[Json]:
        """The dead letters, once there are so many."""

        async def are_there() -> list[Json]:
            items: list[Json] = (await self.done("GET", f"?limit=200{query}"))["items"]
            return items if len(items) >= count else []

        return await eventually(are_there, f"{count} dead letters")


@pytest.fixture
async def topic(topics: Topics) -> str:
    topic = await topics.make(max_message_bytes=str(6 * 1024 * 1024))
    await topics.make(dead_letters(topic, "jars"), max_message_bytes=str(4 * 1024 * 1024))
    return topic


@pytest.fixture
async def site(
    tmp_path: Path, mongo: Mongo, kafka_settings: KafkaSettings, topic: str, drop_later: DropLater
) -> AsyncIterator[Site]:
    async with _running(tmp_path, mongo, kafka_settings, topic) as site:
        yield site
        drop_later(site.service.database.name)


@asynccontextmanager
async def _running(directory: Path, mongo: Mongo, kafka: KafkaSettings, topic: str) -> AsyncIterator[Site]:
    signer = Signer(directory / "jwks.json")
    settings = ServiceSettings(
        database_prefix=f"kit_{uuid4().hex[:8]}_", jwks_file=signer.jwks_file, dead_letter_interval_s=0.05
    )
    mongo_settings = MongoSettings(url=SecretStr(mongo.url), server_selection_timeout_ms=300)
    site = Site(Service("jars", topic, Contracts(parse, dead_letters, ()), settings, kafka, mongo_settings), signer)
    async with site.http, site.app.router.lifespan_context(site.app):
        yield site


async def test_an_operator_lists_shows_and_replays(site: Site, topics: Topics, topic: str) -> None:
    await topics.put(topic, *wire("a", 7))
    (letter,) = await site.listed(1, "&state=open")
    assert letter["id"].startswith(f"{topic}.jars.dlt@0-")
    assert (letter["reason"], letter["message"], letter["attempts"]) == ("no_lid", "the lid is missing", 1)
    assert (letter["type"], letter["key"], letter["topic"]) == ("crm.element.company_refused.v1", "a", topic)
    assert "history" not in letter

    shown = await site.done("GET", f"/{letter['id']}")
    assert shown["record"]["key"] == {"encoding": "utf-8", "text": "a"}
    assert shown["record"]["value"] == {"encoding": "utf-8", "text": wire("a", 7)[1].decode()}
    names = [header["name"] for header in shown["record"]["headers"]]
    assert "ce_id" in names
    assert not any(name.startswith("dlt_") for name in names)
    assert [action["action"] for action in shown["history"]] == ["parked"]

    failed = await site.done("POST", f"/{letter['id']}/replay")
    assert (failed["state"], failed["history"][-1]["outcome"], failed["attempts"]) == ("open", "failed", 2)
    site.error = None
    replayed = await site.done("POST", f"/{letter['id']}/replay")
    assert (replayed["state"], site.heard) == ("replayed", [7])
    last = replayed["history"][-1]
    assert (last["action"], last["by"], last["outcome"], last["reason"]) == ("replay", "user:ann", "done", None)
    assert (await site.done("GET", "?state=open"))["items"] == []
    assert await site.done("POST", f"/{letter['id']}/replay") == replayed
    assert site.heard == [7]
    assert len(await topics.read(f"{topic}.jars.dlt", at_least=1)) == 1


async def test_an_operator_discards_with_a_reason(site: Site, topics: Topics, topic: str) -> None:
    await topics.put(topic, *wire("a", 7))
    (letter,) = await site.listed(1)
    found = await site.done("POST", f"/{letter['id']}/discard", {"reason": "  a test of ours "})
    assert (found["state"], found["history"][-1]["reason"]) == ("discarded", "a test of ours")
    answer = await site("POST", f"/{letter['id']}/replay")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_discarded")
    (still_there,) = (await site.done("GET", "?state=discarded"))["items"]
    assert still_there["id"] == letter["id"]


async def test_what_was_replayed_is_not_discarded(site: Site, topics: Topics, topic: str) -> None:
    await topics.put(topic, *wire("a", 7))
    (letter,) = await site.listed(1)
    site.error = None
    await site.done("POST", f"/{letter['id']}/replay")
    answer = await site("POST", f"/{letter['id']}/discard", {"reason": "none"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_replayed")


async def test_while_a_reaction_cannot_work_a_replay_is_answered_503(site: Site, topics: Topics, topic: str) -> None:
    await topics.put(topic, *wire("a", 7))
    (letter,) = await site.listed(1)
    site.error = Unavailable("the printer is away")
    answer = await site("POST", f"/{letter['id']}/replay")
    assert (answer.status_code, answer.json()["code"]) == (503, "replay_postponed")
    assert "retry-after" in answer.headers
    assert (await site.done("GET", f"/{letter['id']}"))["state"] == "open"


async def test_odd_records_can_be_listed_and_shown(site: Site, topics: Topics, topic: str) -> None:
    odd = {
        **MALFORMED,
        "null and binary headers": (KEY, b"{}", [("null", None), ("ce_type", b"\xff"), ("ce_id", None)]),
        "binary key": (b"\xff\x00", VALUE, []),
        "not a number": (KEY, b'{"a": NaN, "b": "\\ud800"}', []),
        "deep": (KEY, b"[" * 100_000, []),
        "large": (KEY, b"x" * 2 * 1024 * 1024, []),
        "too large to be parked": (KEY, b"x" * 5 * 1024 * 1024, []),
    }
    for key, value, headers in odd.values():
        await topics.put(topic, key, value, headers)
    for letter in await site.listed(len(odd)):
        name = list(odd)[letter["original"]["offset"]]
        key, value, headers = odd[name]
        record = (await site.done("GET", f"/{letter['id']}"))["record"]
        kept = b"" if key is None and value is None else value
        assert (_bytes(record["key"]), _bytes(record["value"])) == (key, kept), name
        assert [(header["name"], _bytes(header["value"])) for header in record["headers"]] == list(headers), name
        assert letter["truncated"] is (name == "too large to be parked")


def _bytes(content: dict[str, str] | None) -> bytes | None:
    if content is None:
        return None
    return content["text"].encode() if content["encoding"] == "utf-8" else base64.b64decode(content["text"])


async def test_only_the_permission_for_dead_letters_or_the_role_admin_opens_them(
    site: Site, topics: Topics, topic: str
) -> None:
    await topics.put(topic, *wire("a", 7))
    (letter,) = await site.listed(1)
    requests = [
        ("GET", "", None),
        ("GET", f"/{letter['id']}", None),
        ("POST", f"/{letter['id']}/replay", None),
        ("POST", f"/{letter['id']}/discard", {"reason": "none"}),
    ]
    for method, path, body in requests:
        assert (await site.http.request(method, f"/v1/dead-letters{path}", json=body)).status_code == 401
        for claims in (
            {"roles": ["user"]},
            {"roles": ["reader"]},
            {"roles": [], "scope": "jars:read jars:write jars:admin metrics:read pots:dead-letters"},
        ):
            answer = await site(method, path, body, **claims)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path, claims)
    assert (await site.done("GET", f"/{letter['id']}"))["history"][1:] == []
    for method, path, body in requests:
        answer = await site(method, path, body, roles=[], scope="jars:dead-letters")
        assert answer.status_code == 200, (method, path)


async def test_every_wrong_field_is_named(site: Site, topics: Topics, topic: str) -> None:
    await topics.put(topic, *wire("a", 7))
    (letter,) = await site.listed(1)
    discard = f"/{letter['id']}/discard"

    async def wrong(method: str, path: str, body: Any = None) -> list[str]:
        answer = await site(method, path, body)
        assert answer.status_code == 422, answer.text
        return sorted(error["field"] for error in answer.json()["errors"])

    assert await wrong("GET", f"?limit=0&state=closed&type={'x' * 300}") == ["limit", "state", "type"]
    assert await wrong("GET", "?cursor=nonsense") == ["cursor"]
    assert await wrong("POST", discard, {}) == ["reason"]
    assert await wrong("POST", discard, {"reason": " ", "force": True}) == ["force", "reason"]
    assert await wrong("POST", discard, {"reason": "x" * 501}) == ["reason"]
    assert (await site.done("GET", f"/{letter['id']}"))["state"] == "open"
    for method, path, body in (("GET", "", None), ("POST", "/replay", None), ("POST", "/discard", {"reason": "x"})):
        answer = await site(method, f"/no.such.dlt@9{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_depth_age_and_actions_are_metrics(site: Site, topics: Topics, topic: str) -> None:
    parked_in = dead_letters(topic, "jars")
    for number in (7, 8):
        await topics.put(topic, *wire("a", number))
    first, _ = await site.listed(2)

    async def shows(line: str) -> bool:
        token = site._signer.token(roles=[], scope="metrics:read")
        answer = await site.http.get("/metrics", headers={"authorization": f"Bearer {token}"})
        return line in answer.text.splitlines()

    await eventually(lambda: shows(f'crm_dead_letters{{topic="{parked_in}"}} 2.0'), "two are open")
    await site.done("POST", f"/{first['id']}/discard", {"reason": "a test"})
    await eventually(lambda: shows(f'crm_dead_letters{{topic="{parked_in}"}} 1.0'), "one is open")
    assert not await shows(f'crm_dead_letters_oldest_age_seconds{{topic="{parked_in}"}} 0.0')


async def test_a_service_with_kafka_away_lists_what_is_on_record_and_shows_nothing(
    tmp_path: Path, mongo: Mongo, kafka_settings: KafkaSettings
) -> None:
    away = kafka_settings.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    async with _running(tmp_path, mongo, away, "kit.nowhere") as site:
        known = {
            "_id": "kit.nowhere.jars.dlt@0",
            "topic": "kit.nowhere",
            "parked_in": "kit.nowhere.jars.dlt",
            "offset": 0,
            "last_offset": 0,
            "last_at": await site.service.database.now(),
            "original": None,
            "type": None,
            "event_id": None,
            "correlation_id": None,
            "key": None,
            "reason": "no_lid",
            "message": "",
            "attempts": 1,
            "truncated": False,
            "parked_at": await site.service.database.now(),
            "state": "open",
            "history": [],
        }
        await site.service.database.collection("dead_letters").insert(known)
        assert [letter["id"] for letter in await site.listed(1)] == [known["_id"]]
        for method, path in (("GET", ""), ("POST", "/replay")):
            answer = await site(method, f"/{known['_id']}{path}")
            assert (answer.status_code, answer.json()["code"]) == (503, "kafka_unavailable")
