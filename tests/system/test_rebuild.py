"""The timeline told anew under load, and nobody notices (TL-11).

Kafka, MongoDB and two replicas of the timeline service are this test's own. Its thousands of events
(`CRM_REBUILD_EVENTS`) are real ones on real topics, but the aggregates that they tell of are nowhere.
"""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event

from deploy.cli.client import SERVICES
from deploy.local.services import ROOT, ServiceProcess
from deploy.local.stack import LocalStack
from shared.kit.storage.connection import Database, connect
from tests.deadlines import DEADLINE_S
from tests.system.conftest import QUICK
from tests.system.crm import until
from tests.timeline.events import contacts_attached, lead_renamed

pytestmark = pytest.mark.real_kafka

EVENTS = int(os.environ.get("CRM_REBUILD_EVENTS") or 6_000)
WATCHED = "lead:watched"


@pytest.fixture
def stack(test_directory: Path) -> Iterator[LocalStack]:
    with LocalStack(test_directory / "rebuild", services=(), say=lambda _: None) as stack:
        for replica in ("", "2"):
            stack.add_service("timeline", replica=replica, extra_environment={**QUICK, "CRM_REBUILD_HELD_S": "2"})
        for service in stack.services.values():
            service.wait_ready()
        yield stack


@dataclass
class Office:
    """Two replicas of the timeline service, and whatever happens around them."""

    stack: LocalStack
    http: httpx.AsyncClient
    producer: AIOKafkaProducer
    database: Database
    published: int = 0
    news: list[str] = field(default_factory=list)
    """Ids of events about the watched lead, in the order they happened."""

    @property
    def replicas(self) -> list[ServiceProcess]:
        return list(self.stack.services.values())

    async def publish(self, events: Iterable[Envelope[Event]]) -> None:
        sent = []
        for event in events:
            headers = [(name, value.encode()) for name, value in event.headers().items()]
            (topic,), key = registry.TOPICS[type(event.data)], event.subject.encode()
            sent.append(await self.producer.send(topic, event.body(), key, headers=headers))
        await asyncio.gather(*sent)
        self.published += len(sent)

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask any replica, again while it is dead."""

        async def ask() -> httpx.Response | None:
            url = f"{random.choice(self.replicas).url}/v1/timeline{path}"
            try:
                return await self.http.request(method, url, json=body)
            except httpx.TransportError:
                return None

        answer = await until(ask, lambda found: found is not None)
        assert answer is not None
        return answer

    async def rebuild(self, rebuild_id: str) -> dict[str, Any]:
        answer = await self.call("GET", f"/rebuilds/{rebuild_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def shown(self, element: str) -> list[str]:
        ids: list[str] = []
        cursor = ""
        while True:
            answer = await self.call("GET", f"?element={element}&limit=200{cursor}")
            assert answer.status_code == 200, answer.text
            page = answer.json()
            ids += [entry["event_id"] for entry in page["items"]]
            if page["next_cursor"] is None:
                return ids
            cursor = f"&cursor={page['next_cursor']}"

    async def go_on(self) -> None:
        """New events, a few at a time, for ever."""
        while True:
            new = lead_renamed("watched", seconds=len(self.news), subject="watched")
            others = [a_rename() for _ in range(4)]
            await self.publish([new, *others])
            self.news.append(new.id)
            await asyncio.sleep(0.2)

    async def watch(self) -> None:
        """What somebody has once read, nobody misses later."""
        seen: set[str] = set()
        while True:
            read = set(await self.shown(WATCHED))
            assert read, "an empty timeline"
            assert seen <= read, f"missing: {seen - read}"
            seen = read

    async def contents(self, number: int) -> list[list[dict[str, Any]]]:
        """All documents of a generation."""
        suffix = "" if number == 1 else f"_{number}"
        return [
            await self.database.collection(f"{name}{suffix}").find({}, sort=[("_id", 1)])
            for name in ("entries", "marks")
        ]


def a_rename() -> Envelope[Event]:
    lead = uuid4().hex
    return lead_renamed(lead, subject=lead)


def a_history() -> Iterator[Envelope[Event]]:
    for number in range(EVENTS):
        deal = uuid4().hex
        yield a_rename() if number % 4 else contacts_attached(deal, "ada", subject=deal)


@asynccontextmanager
async def office_of(stack: LocalStack) -> AsyncIterator[Office]:
    token = stack.keys.token("operator", roles=["admin"], minutes=60)
    database = connect(stack.mongo.url, "crm_timeline")
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka.bootstrap_servers, linger_ms=5, max_batch_size=1 << 16)
    await producer.start()
    try:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE_S) as http:
            yield Office(stack, http, producer, database)
    finally:
        await producer.stop()
        database.close()


async def test_the_timeline_is_rebuilt_under_load_and_nobody_notices(stack: LocalStack) -> None:
    """Twenty thousand events, new ones all the time, entries bound by hand, and kill -9 of all replicas amid it."""
    async with office_of(stack) as office:
        first = [lead_renamed("watched", seconds=-9, subject="watched") for _ in range(5)]
        await office.publish([*first, contacts_attached("bound", seconds=-9, subject="bound")])
        await until(lambda: office.shown(WATCHED), lambda found: len(found) == 5)
        await until(lambda: office.shown("deal:bound"), len)
        await office.publish(a_history())
        tasks = [asyncio.create_task(office.go_on()), asyncio.create_task(office.watch())]

        started = (await office.call("POST", "/rebuilds")).json()
        bound = await office.call("POST", f"/entries/{first[0].id}/bindings", {"element": "deal:bound"})
        assert bound.status_code == 201, bound.text
        amid = await until(lambda: office.rebuild(started["id"]), lambda found: found["read"] > 0)
        assert (amid["state"], amid["total"] >= EVENTS) == ("building", True)
        assert amid["read"] < amid["total"], "it was too quick to be killed"
        for replica in office.replicas:
            replica.kill()
        for replica in office.replicas:
            replica.restart()
        ended = await until(
            lambda: office.rebuild(started["id"]),
            lambda found: found["state"] in {"switched", "differs", "failed"},
        )
        assert (ended["state"], ended["read"]) == ("switched", ended["total"]), ended
        assert ended["comparison"]["examples"] == []
        seen_so_far = len(office.news)
        await until(lambda: office.shown(WATCHED), lambda found: len(set(found) & set(office.news)) > seen_so_far)
        assert first[0].id in await office.shown("deal:bound")
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2, outcomes

        everything = {event.id for event in first} | set(office.news)
        # The last one may have been published although it was cancelled before it was noted.
        await until(lambda: office.shown(WATCHED), lambda found: everything <= set(found))
        await asyncio.to_thread(rebuild_by_command, stack)
        (old, old_marks), (new, new_marks), (again, again_marks) = [await office.contents(n) for n in (1, 2, 3)]
        assert (new, new_marks) == (again, again_marks)
        assert len(new_marks) == 1
        by_id = {document["_id"]: unbound(document) for document in new}
        assert all(by_id[document["_id"]] == unbound(document) for document in old)
        assert all(mark in new_marks for mark in old_marks)


def unbound(document: dict[str, Any]) -> dict[str, Any]:
    """Without what was bound by hand: after the switch it is written to the new version alone."""
    return {**document, "elements": [each for each in document["elements"] if not each.get("bound")]}


def rebuild_by_command(stack: LocalStack) -> None:
    """As an operator does it."""
    urls = {f"CRM_{name.upper()}_URL": stack.services["timeline"].url for name in SERVICES}
    token = stack.keys.token("operator", roles=["admin"], minutes=60)
    command = [sys.executable, "-m", "deploy.cli.app", "timeline", "rebuild"]
    environment = {**os.environ, **urls, "CRM_TOKEN": token}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "switched" in ended.stdout
    assert "differences" in ended.stdout
