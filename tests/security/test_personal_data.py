"""Names, phones, addresses and comments of people stand in no log, whatever goes wrong and however much is logged.

Libraries and exceptions quote what they were given, so real services run as real processes at DEBUG, and
everything that they print is searched.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from crm_contracts import topics
from pydantic import BaseModel, ValidationError

from deploy.local.services import DATABASE_PREFIX, ServiceProcess
from deploy.local.stack import LocalStack
from deploy.topics import read_topics
from shared.kit.storage.connection import connect
from shared.kit.telemetry.logs import kinds_and_places
from tests.deadlines import DEADLINE_S
from tests.kit.waiting import eventually

NAME, SURNAME = "Quendoline", "Zwirbelthal"
PHONE, EMAIL = "+4930901820", "quendoline@zwirbelthal.example.com"
COMMENT = "prefers-to-be-called-at-dusk"
PERSONAL = (NAME, SURNAME, PHONE[1:], "zwirbelthal", COMMENT)
SERVICES = ("leads", "clients", "deals", "timeline")


@dataclass(frozen=True)
class Debugged:
    """Services that log all they can."""

    stack: LocalStack
    processes: dict[str, ServiceProcess]
    http: httpx.AsyncClient

    async def ask(self, service: str, method: str, path: str, body: object = None, **options: Any) -> httpx.Response:
        return await self.http.request(method, f"{self.processes[service].url}/v1{path}", json=body, **options)

    def logs(self) -> str:
        return "".join(process.log.read_text(errors="replace") for process in self.processes.values())


@pytest.fixture(scope="module")
def processes(local_stack: LocalStack) -> Iterator[dict[str, ServiceProcess]]:
    impatient = {"CRM_LOG_LEVEL": "DEBUG", "KAFKA_SESSION_TIMEOUT_MS": "6000", "KAFKA_REBALANCE_TIMEOUT_MS": "6000"}
    started = {
        name: local_stack.add_service(name, replica="debugged", extra_environment=impatient) for name in SERVICES
    }
    for process in started.values():
        process.wait_ready()
    yield started
    for process in started.values():
        process.terminate()


@pytest.fixture
async def debugged(local_stack: LocalStack, processes: dict[str, ServiceProcess]) -> AsyncIterator[Debugged]:
    headers = {"Authorization": f"Bearer {local_stack.keys.token('erna', roles=['admin'], minutes=60)}"}
    async with httpx.AsyncClient(headers=headers, timeout=DEADLINE_S) as http:
        yield Debugged(local_stack, processes, http)


def person() -> dict[str, Any]:
    return {
        "first_name": NAME,
        "last_name": SURNAME,
        "phones": [{"value": PHONE}],
        "emails": [{"value": EMAIL}],
        "comments": COMMENT,
    }


async def converted(crm: Debugged) -> str:
    """A lead that became a contact and a deal."""
    made = await crm.ask("leads", "POST", "/leads", {"title": f"{NAME} {SURNAME}", **person()})
    assert made.status_code == 201, made.text
    lead: str = made.json()["id"]
    wish = {"targets": ["contact", "deal"], "on_duplicate": "create"}
    asked = await crm.ask("leads", "POST", f"/leads/{lead}/conversion", wish, headers={"Prefer": "wait=45"})
    assert asked.status_code in {200, 202}, asked.text

    async def is_done() -> bool:
        state: str = (await crm.ask("leads", "GET", f"/leads/{lead}/conversion")).json()["state"]
        return state == "done"

    await eventually(is_done, "the lead is converted")
    return lead


async def poison(crm: Debugged) -> None:
    """News of a person that nobody can read, one to each partition; every service that hears of leads parks it."""
    key = uuid4().hex
    (partitions,) = (topic.partitions for topic in read_topics("local") if topic.name == topics.LEADS)
    producer = AIOKafkaProducer(bootstrap_servers=crm.stack.kafka.bootstrap_servers)
    await producer.start()
    try:
        value = json.dumps({"lead": person(), "comments": COMMENT}).encode()
        headers = [("ce_type", b"crm.lead.created.v1"), ("ce_id", key.encode()), ("ce_subject", NAME.encode())]
        for partition in range(partitions):
            await producer.send_and_wait(topics.LEADS, value, key.encode(), partition=partition, headers=headers)
    finally:
        await producer.stop()

    async def is_parked() -> bool:
        return crm.logs().count("record parked") >= partitions

    await eventually(is_parked, "the poison is parked")


async def damaged(crm: Debugged, lead: str) -> None:
    """A document that cannot be read any more: the answer is a 500, and the log tells where."""
    database = connect(crm.stack.mongo.url, f"{DATABASE_PREFIX}leads")
    leads = database.collection("leads")
    whole = await leads.get(lead, {"phones": 1, "emails": 1})
    assert whole is not None
    await leads.update({"_id": lead}, {"$set": {"phones": f"{NAME} {PHONE}", "emails": EMAIL}})
    answer = await crm.ask("leads", "GET", f"/leads/{lead}")
    # Others use this system after us.
    await leads.update({"_id": lead}, {"$set": {"phones": whole["phones"], "emails": whole["emails"]}})
    database.close()
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert not [text for text in (*PERSONAL, "Traceback", "ValidationError", "mongo") if text in answer.text]


@pytest.mark.real_kafka
async def test_nothing_of_a_person_is_logged_whatever_happens_to_their_data(debugged: Debugged) -> None:
    lead = await converted(debugged)
    refused = {**person(), "phones": [{"value": PHONE, "colour": EMAIL}], SURNAME: NAME}
    assert (await debugged.ask("leads", "POST", "/leads", refused)).status_code == 422
    broken = f'{{"comments": "{COMMENT}", '
    for service, path in (("leads", "/leads"), ("clients", "/contacts"), ("deals", "/deals")):
        url = f"{debugged.processes[service].url}/v1{path}"
        answer = await debugged.http.post(url, content=broken, headers={"content-type": "application/json"})
        assert answer.status_code == 422
    for parameters in ({"phone": PHONE}, {"email": EMAIL}, {"cursor": NAME}):
        assert (await debugged.ask("clients", "GET", "/contacts", params=parameters)).status_code in {200, 422}
    origin = f"/leads/external/{SURNAME}/{NAME}%2F{PHONE}"
    assert (await debugged.ask("leads", "PUT", origin, person())).status_code == 201
    assert (await debugged.ask("leads", "GET", f"/leads/{NAME}")).status_code == 404
    await poison(debugged)
    await damaged(debugged, lead)

    logs = debugged.logs()
    assert "record parked" in logs
    assert "request failed" in logs
    assert "ValidationError" in logs, "the kind of an exception is told"
    assert "repository.py" in logs, "and its place"
    found = {
        text: next(line for line in logs.splitlines() if text.lower() in line.lower())[:400]
        for text in PERSONAL
        if text.lower() in logs.lower()
    }
    assert found == {}


class Card(BaseModel):
    name: int


def test_an_exception_is_told_by_kind_and_place_and_never_in_its_own_words() -> None:
    def fails() -> None:
        try:
            Card.model_validate({"name": SURNAME})
        except ValidationError as error:
            raise RuntimeError(f"{NAME} cannot be stored") from error

    with pytest.raises(RuntimeError) as failed:
        fails()
    told = kinds_and_places((RuntimeError, failed.value, failed.value.__traceback__))
    assert "RuntimeError" in told
    assert "ValidationError at name: int_parsing" in told
    assert f"{Path(__file__).name}" in told
    assert "fails" in told
    assert not [text for text in PERSONAL if text in told]


def test_what_was_suppressed_is_not_told_and_a_circle_ends() -> None:
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    told = kinds_and_places((ValueError, first, None))
    assert told.count("ValueError") == told.count("KeyError") == 1
    second.__cause__, second.__suppress_context__ = None, True
    second.__context__ = OSError(NAME)
    assert "OSError" not in kinds_and_places((KeyError, second, None))
