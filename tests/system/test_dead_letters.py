"""Poison in a topic of the running CRM: every service that reads it parks it, and operators see to it.

Nothing can be planted in a service, so what was parked by a bug that has been fixed since is written into
the dead-letter topic by the test, as the service itself would have.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from crm_contracts import registry, topics
from crm_contracts.envelope import Envelope
from crm_contracts.leads import LeadCreated
from typer.testing import CliRunner

from deploy.cli import dead_letters, status
from deploy.cli.app import app
from deploy.cli.client import Crm as Operator
from deploy.cli.connection import Connection
from deploy.cli.dead_letters import Criteria, DeadLetter
from tests.system.crm import Crm, until

pytestmark = pytest.mark.real_kafka

READ_CREATED = {"leads", "deals", "clients", "timeline"}
"""Deals hears the topic, too, but of a type that it does not react to it does not even read the value."""


@pytest.fixture
async def operator(crm: Crm) -> AsyncIterator[Operator]:
    async with Connection.to(crm.stack).crm() as operator:
        yield operator


async def put(crm: Crm, topic: str, key: str, value: bytes, headers: dict[str, str]) -> int:
    """Its offset."""
    producer = AIOKafkaProducer(bootstrap_servers=crm.stack.kafka.bootstrap_servers)
    await producer.start()
    try:
        pairs = [(name, text.encode()) for name, text in headers.items()]
        return int((await producer.send_and_wait(topic, value, key.encode(), headers=pairs)).offset)
    finally:
        await producer.stop()


async def about(operator: Operator, key: str, state: str = "open") -> list[DeadLetter]:
    """The dead letters of this key alone: other tests park things, too."""
    return [letter for letter in await dead_letters.list_all(operator, Criteria(state=state)) if letter["key"] == key]


async def typed(crm: Crm, *words: str) -> str:
    """What `crm dead-letters` prints."""
    connection = Connection.to(crm.stack)
    named = {f"CRM_{name.upper()}_URL": url for name, url in connection.urls.items()}
    run = partial(CliRunner().invoke, env={**named, "CRM_TOKEN": connection.token})
    found = await asyncio.to_thread(run, app, ["dead-letters", *words])
    assert found.exit_code == 0, found.output
    return found.stdout


async def test_poison_is_parked_by_each_service_that_reads_it_listed_and_discarded(
    crm: Crm, operator: Operator
) -> None:
    key = str(uuid4())
    before = {found.name: found.dead_letters or 0 for found in await status.services_status(operator)}
    await put(crm, topics.LEADS, key, b"{not json", {"ce_type": "crm.lead.created.v1", "ce_id": key})
    letters = await until(
        lambda: about(operator, key), lambda found: {letter["service"] for letter in found} == READ_CREATED
    )
    for letter in letters:
        assert (letter["reason"], letter["type"], letter["event_id"]) == ("MalformedEvent", "crm.lead.created.v1", key)
        shown = await dead_letters.show(operator, letter["id"])
        assert shown["record"]["value"] == {"encoding": "utf-8", "text": "{not json"}

    async def counted() -> dict[str, int]:
        return {found.name: found.dead_letters or 0 for found in await status.services_status(operator)}

    await until(counted, lambda now: all(now[name] > before[name] for name in READ_CREATED))
    names = [letter["id"] for letter in letters]
    assert set(names) <= {letter["id"] for letter in json.loads(await typed(crm, "list", "--json", "--limit", "500"))}
    assert "{not json" in await typed(crm, "show", names[0])
    ended = await dead_letters.replay(operator, names, lambda _=1: None)
    assert set(ended.values()) == {"failed: MalformedEvent"}
    ended = await dead_letters.discard(operator, names, "a test of ours")
    assert set(ended.values()) == {"discarded"}
    assert await about(operator, key) == []
    discarded = await about(operator, key, "discarded")
    assert {letter["service"] for letter in discarded} == READ_CREATED
    await until(counted, lambda now: all(now[name] <= before[name] for name in READ_CREATED))


def a_lead_created(lead: str) -> Envelope[LeadCreated]:
    """An event as leads would have published it, by its sample."""
    sample = json.loads(registry.sample_of("crm.lead.created.v1"))
    named = {"ce_id": str(uuid4()), "ce_subject": lead, "ce_correlationid": str(uuid4())}
    data = json.dumps(sample["data"]).replace(sample["headers"]["ce_subject"], lead)
    event = registry.parse({**sample["headers"], **named}, data.encode())
    assert event is not None
    return event  # type: ignore[return-value]


async def test_a_service_killed_in_the_middle_of_a_replay_has_the_effect_once_and_the_attempt_on_record(
    crm: Crm, operator: Operator
) -> None:
    """It dies when the reaction has worked and nobody knows yet; when its lease ends, the replay is done again."""
    lead = str(uuid4())
    event = a_lead_created(lead)
    parked_in = topics.dead_letters(topics.LEADS, "timeline")
    why = {"dlt_original_topic": topics.LEADS, "dlt_exception": "KeyError", "dlt_attempts": "1"}
    offset = await put(crm, parked_in, lead, event.body(), {**event.headers(), **why})
    (letter,) = await until(lambda: about(operator, lead), lambda found: len(found) == 1)
    assert letter["id"].startswith(f"crm.leads.events.timeline.dlt@{offset}-")
    assert await crm.timeline(f"lead:{lead}") == []

    timeline = crm.services["timeline"]
    replay = f"/dead-letters/{letter['id']}/replay"
    await asyncio.to_thread(timeline.restart, {"CRM_FAULT_POINT": "replayed"})
    try:
        await asyncio.to_thread(timeline.wait_ready)
        with pytest.raises(httpx.TransportError):
            await crm.call("POST", "timeline", replay)
    finally:
        await asyncio.to_thread(timeline.restart, None)
        await asyncio.to_thread(timeline.wait_ready)

    entries = await crm.timeline(f"lead:{lead}")
    assert [entry["type"] for entry in entries] == ["crm.lead.created.v1"]
    answer = await until(lambda: crm.call("POST", "timeline", replay), lambda found: found.status_code != 409)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "replayed"
    outcomes = [(action["action"], action["outcome"]) for action in answer.json()["history"]]
    assert outcomes == [("parked", "failed"), ("replay", None), ("replay", "done")]
    assert await crm.timeline(f"lead:{lead}") == entries
