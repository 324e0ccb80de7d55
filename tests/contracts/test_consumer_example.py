"""The consumer that the documents show works as it stands, and a record that cannot be read does not stop it."""

import asyncio
import json
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from crm_contracts import registry, topics
from crm_contracts.conversions import LeadConverted
from crm_contracts.envelope import MalformedEvent
from crm_contracts.records import parse_record, read_each
from generation.files import PACKAGE

from deploy.local.kafka import Kafka
from deploy.topics import apply, read_topics
from shared.kit.settings import KafkaSettings
from tests.deadlines import DEADLINE_S
from tests.kit.waiting import eventually

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "consumer.py"
KINDS = ("deal", "contact", "company")
SETTINGS = {"KAFKA_BOOTSTRAP_SERVERS", "CONSUMER_GROUP"}
READMES = ("README.md", "shared/contracts/README.md")

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Record:
    """A record as a client returns it."""

    headers: Headers
    value: bytes | None
    topic: str = topics.LEADS
    partition: int = 3
    offset: int = 17


def converted(id_: str, **other: str) -> Record:
    """A converted lead, whose event has this id."""
    sample = json.loads(registry.sample_of(LeadConverted.ce_type))
    headers = {**sample["headers"], "ce_id": id_, **other}
    return Record([(name, value.encode()) for name, value in headers.items()], json.dumps(sample["data"]).encode())


def unreadable() -> list[Record]:
    """Of no type, of a known type without its data, with broken JSON, without any value, without an id."""
    good = converted("unreadable")
    return [
        Record([], b"hello"),
        Record(good.headers, b"{}"),
        Record(good.headers, b'{"lead": '),
        Record(good.headers, None),
        Record([(name, value) for name, value in good.headers if name != "ce_id"], good.value),
        Record([("ce_type", b"\xff\xfe")], good.value),
    ]


def code_of(readme: str) -> str:
    """The consumer that a page shows."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / readme).read_text(), re.DOTALL)
    return str(code)


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_shows_the_consumer_as_it_is(readme: str) -> None:
    assert code_of(readme) == EXAMPLE.read_text(), f"copy docs/examples/consumer.py into {readme}"


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_says_what_to_install_and_leaves_the_name_of_the_group_to_the_reader(readme: str) -> None:
    """Two departments that copy one name would share the events between them."""
    assert re.search(r"pip install \S*contracts aiokafka", (ROOT / readme).read_text())
    assert "CONSUMER_GROUP=" in (ROOT / readme).read_text()
    assert 'os.environ["CONSUMER_GROUP"]' in code_of(readme)
    assert not re.search(r'group_id"?\s*[=:]\s*"', code_of(readme))


def test_the_consumer_takes_ten_lines() -> None:
    code = EXAMPLE.read_text().split("async def main")[1].split("if __name__")[0].splitlines()
    assert len([line for line in code if line.strip()]) <= 11, "the promise is ten lines, and their signature"


@pytest.mark.parametrize("results", [("deal", "contact", "company"), ("contact",), ("deal",)])
def test_the_consumer_names_what_a_lead_became_also_where_that_is_no_deal(results: tuple[str, ...]) -> None:
    """LEAD-11: a conversion makes what it was asked for."""
    sample = json.loads(registry.sample_of(LeadConverted.ce_type))["data"]
    event = LeadConverted.model_validate({**sample, **{kind: None for kind in KINDS if kind not in results}})
    named = runpy.run_path(str(EXAMPLE))["results_of"](event)
    assert [each.partition(":")[0] for each in named.split()] == [kind for kind in KINDS if kind in results]


@pytest.mark.parametrize("given", [{"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, {"CONSUMER_GROUP": "tests"}])
def test_a_consumer_that_lacks_a_setting_says_which(given: dict[str, str]) -> None:
    other = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    environment = {**other, **given, "PYTHONPATH": str(PACKAGE.parent)}
    found = subprocess.run(
        [sys.executable, EXAMPLE], env=environment, capture_output=True, text=True, check=False, timeout=DEADLINE_S
    )
    (missing,) = SETTINGS - given.keys()
    assert (found.returncode, found.stderr.startswith(f"first set {missing}: ")) == (1, True), found.stderr


@pytest.mark.parametrize("record", unreadable(), ids=lambda record: str(record.value))
def test_an_error_names_the_place_of_the_record_that_cannot_be_read(record: Record) -> None:
    with pytest.raises(MalformedEvent, match=r"^crm\.leads\.events, partition 3, offset 17: .") as raised:
        parse_record(record)
    assert (raised.value.topic, raised.value.partition, raised.value.offset) == (topics.LEADS, 3, 17)


def test_what_cannot_be_read_is_put_aside_and_everything_else_is_read_in_its_order() -> None:
    unknown = converted("newer", ce_type="crm.lead.teleported.v1")
    records = [converted("first"), *unreadable(), unknown, converted("last")]
    aside: list[MalformedEvent] = []
    assert [event.id for event in read_each(records, aside.append)] == ["first", "last"]
    assert len(aside) == len(unreadable())


async def put(kafka: Kafka, *records: Record) -> list[tuple[int, int]]:
    """Publish them; the partition and offset of each."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:
        sent = [
            await producer.send_and_wait(topics.LEADS, each.value, b"lead-of-the-example", headers=each.headers)
            for each in records
        ]
    return [(each.partition, each.offset) for each in sent]


async def come_to_the_end(kafka: Kafka, group: str) -> None:
    """Let the group have read what other tests left."""
    (leads,) = (topic for topic in read_topics("local") if topic.name == topics.LEADS)
    partitions = [TopicPartition(leads.name, number) for number in range(leads.partitions)]
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
    ) as consumer:
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))


@asynccontextmanager
async def consuming(kafka: Kafka, code: Path, group: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The consumer runs, and is killed at the end."""
    consumer = await asyncio.create_subprocess_exec(
        sys.executable,
        code,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **kafka.environment, "CONSUMER_GROUP": group, "PYTHONPATH": str(PACKAGE.parent)},
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield consumer
    finally:
        if consumer.returncode is None:
            consumer.kill()
        await consumer.wait()


async def lines_up_to(stream: asyncio.StreamReader | None, text: str) -> list[str]:
    assert stream is not None
    lines: list[str] = []
    while not lines or text not in lines[-1]:
        lines.append((await stream.readline()).decode())
        assert lines[-1], f"the consumer ended before {text}: {lines}"
    return lines


async def committed(kafka: Kafka, group: str, partition: int, offset: int) -> None:
    """Return once the group has committed an offset beyond this one."""
    place = TopicPartition(topics.LEADS, partition)
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
    ) as reader:
        reader.assign([place])

        async def is_beyond() -> bool:
            return (await reader.committed(place) or 0) > offset

        await eventually(is_beyond, "the consumer commits what it has read")


@pytest.mark.real_kafka
@pytest.mark.parametrize("readme", READMES)
async def test_the_consumer_of_the_readme_names_what_it_cannot_read_and_goes_on_also_after_a_restart(
    kafka: Kafka, tmp_path: Path, readme: str
) -> None:
    """Killed after its commit, it begins behind the records that were put aside."""
    kafka_settings = KafkaSettings.of(kafka.environment)
    await apply(kafka_settings, replication_factor=kafka.replication_factor, environment="local")
    (code := tmp_path / "consumer.py").write_text(code_of(readme))
    group, first, second = f"tests.{uuid4()}", str(uuid4()), str(uuid4())
    await come_to_the_end(kafka, group)
    unknown = converted(str(uuid4()), ce_type="crm.lead.teleported.v1")
    places = await put(kafka, *unreadable(), unknown, converted(first))

    async with consuming(kafka, code, group) as consumer:
        (line,) = await lines_up_to(consumer.stdout, first)
        assert " lead:" in line
        assert "became deal:" in line
        partition, offset = places[len(unreadable()) - 1]
        aside = await lines_up_to(consumer.stderr, f"{topics.LEADS}, partition {partition}, offset {offset}: ")
        assert len([line for line in aside if line.startswith("put aside: ")]) == len(unreadable())
        await committed(kafka, group, *places[-1])

    await put(kafka, converted(second))
    async with consuming(kafka, code, group) as consumer:
        assert len(await lines_up_to(consumer.stdout, second)) == 1, "the first event came once more"
        consumer.send_signal(signal.SIGINT)
        assert consumer.stderr is not None
        said = await consumer.stderr.read()
        assert b"put aside" not in said
        assert (await consumer.wait(), b"Traceback" in said) == (0, False), "Ctrl-C ends it quietly"
