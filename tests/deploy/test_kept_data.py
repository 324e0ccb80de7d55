"""A stack that is ended keeps its data, and the next one goes on with it, until it is told to forget."""

import socket
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pymongo import MongoClient

from deploy.local import state
from deploy.local.ports import free_port, port_of_service
from deploy.local.stack import LocalStack

pytestmark = pytest.mark.real_kafka
TOPIC = "crm.catalog.events"


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that write to disk, and those of the tests are not used."""
    monkeypatch.setenv("CRM_KAFKA", "maven")
    monkeypatch.setenv("CRM_MONGO", "wheel")


def running(directory: Path) -> state.RunningStack:
    with LocalStack(directory, services=(), keep_data=True) as stack:
        return stack.detach()


async def write(stack: state.RunningStack) -> None:
    async with AIOKafkaProducer(bootstrap_servers=stack.bootstrap_servers) as producer:
        await producer.send_and_wait(TOPIC, b"kept")
    with MongoClient[dict[str, str]](stack.mongo_url) as mongo:
        mongo["kept"]["things"].insert_one({"_id": "1"})


async def read(stack: state.RunningStack) -> tuple[list[bytes], list[str]]:
    with MongoClient[dict[str, str]](stack.mongo_url) as mongo:
        things = [thing["_id"] for thing in mongo["kept"]["things"].find()]
    given = {"bootstrap_servers": stack.bootstrap_servers, "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(TOPIC, **given) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        records: list[bytes] = []
        while sum(ends.values()) > len(records):
            found = await consumer.getmany(timeout_ms=1_000)
            records += [record.value for batch in found.values() for record in batch]
    return records, things


@pytest.mark.usefixtures("on_disk")
async def test_what_was_stored_is_there_after_the_stack_was_ended_and_until_it_is_forgotten(tmp_path: Path) -> None:
    first = running(tmp_path)
    try:
        await write(first)
        assert LocalStack.down(tmp_path) == ["kafka", "mongo"]
        assert state.has_data(tmp_path)
        second = running(tmp_path)
        assert second.mongo_url == first.mongo_url
        assert await read(second) == ([b"kept"], ["1"])
    finally:
        LocalStack.down(tmp_path, forget=True)
    assert not state.has_data(tmp_path)
    assert not (tmp_path / "data").exists()


def test_data_of_other_providers_is_not_mixed_with_new_data(tmp_path: Path) -> None:
    state.keep_providers(tmp_path, "docker", "docker")
    with pytest.raises(state.NotKept, match="is of Kafka docker and MongoDB docker"):
        state.keep_providers(tmp_path, "maven", "wheel")
    state.keep_providers(tmp_path, "docker", "docker")


def serving(directory: Path, said: list[str]) -> dict[str, str]:
    with LocalStack(directory, services=("catalog",), keep_data=True, say=said.append) as stack:
        return stack.as_running().services


@pytest.mark.usefixtures("on_tansu")
def test_a_service_has_its_address_again_unless_another_server_took_it(tmp_path: Path) -> None:
    """Callers, bookmarks and `CRM_LEADS_URL` go on after `crm down` and `crm up`."""
    said: list[str] = []
    first = serving(tmp_path, said)
    assert serving(tmp_path, said) == first
    assert "Not free" not in "".join(said)
    port = int(first["catalog"].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        other = serving(tmp_path, said)
    assert other != first
    (line,) = (line for line in said if line.startswith("Not free"))
    assert line.endswith(f": {port} (catalog)")


def test_a_service_begins_on_its_usual_port_and_what_is_not_free_is_named(tmp_path: Path) -> None:
    usual = free_port()
    with socket.create_server(("127.0.0.1", usual)):
        port, taken = port_of_service(tmp_path, "leads", usual)
        assert (port != usual, taken) == (True, usual)
    assert port_of_service(tmp_path, "leads", usual) == (port, None), "it stays where callers know it"
