"""The running CRM as a system test sees it: five processes, spoken to over HTTP, watched on Kafka.

Nothing here knows how a service works inside. What a test claims, it reads back over HTTP or from the
topics.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, TypeAlias, TypeVar
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from crm_contracts import registry, topics
from crm_contracts.envelope import Envelope, Event

from deploy.local.services import ServiceProcess
from deploy.local.stack import LocalStack
from deploy.topics import read_topics
from tests.deadlines import DEADLINE_S

T = TypeVar("T")
Json = dict[str, Any]
Record: TypeAlias = ConsumerRecord[bytes, bytes]

QUIET_LOOKS = 12


async def until(read: Callable[[], Awaitable[T]], holds: Callable[[T], object]) -> T:
    """The first reading that holds; fails with the last one at the deadline."""
    end = monotonic() + DEADLINE_S
    while True:
        reading = await read()
        if holds(reading):
            return reading
        assert monotonic() < end, f"not within {DEADLINE_S:.0f} s; last seen: {reading!r}"
        await asyncio.sleep(0.05)


class Crm:
    """Five services on one stack."""

    def __init__(self, stack: LocalStack, services: dict[str, ServiceProcess], token: str) -> None:
        self.stack = stack
        self.services = services
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(headers=headers, timeout=DEADLINE_S, limits=httpx.Limits(max_connections=200))

    async def call(self, method: str, service: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, f"{self.services[service].url}/v1{path}", json=body, headers=named)

    async def get(self, service: str, path: str) -> Any:
        """The body of a successful GET."""
        response = await self.call("GET", service, path)
        assert response.status_code == 200, response.text
        return response.json()

    async def new_lead(self, **fields: object) -> str:
        """Create a lead; its id."""
        response = await self.call("POST", "leads", "/leads", fields)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def new_deal(self, **fields: object) -> str:
        """Create a deal; its id."""
        response = await self.call("POST", "deals", "/deals", fields)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def new_company(self, title: str, *people: str) -> tuple[str, list[str]]:
        """Create a company with contacts of these last names; their ids."""
        response = await self.call("POST", "clients", "/companies", {"title": title})
        assert response.status_code == 201, response.text
        company = str(response.json()["id"])
        contacts: list[str] = []
        for last_name in people:
            contact = (await self.call("POST", "clients", "/contacts", {"last_name": last_name})).json()["id"]
            linked = await self.call("PUT", "clients", f"/contacts/{contact}/companies/{company}", {})
            assert linked.status_code == 200, linked.text
            contacts.append(contact)
        return company, contacts

    async def convert(self, lead: str, *, wait: int = 60, **wish: object) -> httpx.Response:
        """Ask for a conversion and wait for its end."""
        return await self.call("POST", "leads", f"/leads/{lead}/conversion", wish, Prefer=f"wait={wait}")

    async def conversion(self, lead: str) -> Json:
        """How far it got."""
        found: Json = await self.get("leads", f"/leads/{lead}/conversion")
        return found

    async def converted(self, lead: str) -> Json:
        """The conversion, once it is done."""
        return await until(lambda: self.conversion(lead), lambda c: c["state"] == "done")

    async def deals_of(self, lead: str) -> list[Json]:
        """Deals that name the lead."""
        page: Json = await self.get("deals", f"/deals?lead_id={lead}")
        return list(page["items"])

    async def contacts_with(self, phone: str) -> list[Json]:
        """Contacts with this phone."""
        page: Json = await self.get("clients", f"/contacts?phone={phone.replace('+', '%2B')}")
        return list(page["items"])

    async def timeline(self, element: str) -> list[Json]:
        """All entries of an element."""
        entries: list[Json] = []
        cursor = ""
        while True:
            page = await self.get("timeline", f"/timeline?element={element}&limit=200{cursor}")
            entries += page["items"]
            if not page["next_cursor"]:
                return entries
            cursor = f"&cursor={page['next_cursor']}"

    async def log(self) -> list[Record]:
        """Every record of every topic so far."""
        async with self.reading() as consumer:
            return await _read_to_end(consumer)

    async def events(self, topic: str) -> list[Envelope[Event]]:
        """The events of a topic so far; other topics may hold what tests put there that is none."""
        read = [registry.parse(each.headers, each.value) for each in await self.log() if each.topic == topic]
        return [event for event in read if event is not None]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A consumer of all topics, from the beginning, outside of any group."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.stack.kafka.bootstrap_servers,
            auto_offset_reset="earliest",
            group_id=None,
            fetch_max_wait_ms=10,  # a waiting fetch holds up the questions for offsets
        )
        await consumer.start()
        try:
            partitions = [
                TopicPartition(topic, partition)
                for topic in topics.ALL
                for partition in consumer.partitions_for_topic(topic) or await _partitions(consumer, topic)
            ]
            consumer.assign(partitions)
            await consumer.seek_to_beginning()
            yield consumer
        finally:
            await consumer.stop()

    async def deliver(self, records: Iterable[Record]) -> None:
        """Put records into their topics once more, as they were, in this order per key."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.stack.kafka.bootstrap_servers, max_request_size=4 * 1024 * 1024
        )
        await producer.start()
        try:
            for record in records:
                await producer.send_and_wait(record.topic, record.value, key=record.key, headers=list(record.headers))
        finally:
            await producer.stop()

    async def send(self, topic: str, event: Envelope[Event]) -> None:
        """Put an event into a topic, as its service would."""
        headers = [(name, value.encode()) for name, value in event.headers().items()]
        producer = AIOKafkaProducer(bootstrap_servers=self.stack.kafka.bootstrap_servers)
        await producer.start()
        try:
            await producer.send_and_wait(topic, event.body(), key=event.subject.encode(), headers=headers)
        finally:
            await producer.stop()

    async def recovered(self) -> None:
        """Return when every service takes writes and hears events again."""

        async def readiness() -> list[str]:
            answers = [await self.http.get(f"{service.url}/health/ready") for service in self.services.values()]
            return [answer.json()["status"] for answer in answers]

        await until(readiness, lambda found: set(found) == {"ok"})

    async def settle(self) -> None:
        """Return when every service has handled all that it hears, and nothing new came of it."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.stack.kafka.bootstrap_servers)
        await admin.start()
        try:
            async with self.reading() as consumer:
                quiet, last, end = 0, -1, monotonic() + DEADLINE_S
                # Quiet for longer than a sweep takes: nothing is in the air any more.
                while quiet < QUIET_LOOKS:
                    ends = await consumer.end_offsets(list(consumer.assignment()))
                    behind = await _lag(admin, ends, list(self.services))
                    quiet = quiet + 1 if behind == 0 and sum(ends.values()) == last else 0
                    last = sum(ends.values())
                    assert monotonic() < end, f"{behind} records are still to be handled"
                    await asyncio.sleep(0.1)
        finally:
            await admin.close()
        await until(self._waiting_cells, lambda ages: not any(ages))

    async def _waiting_cells(self) -> list[float]:
        """How long cells of counts wait to be counted, of each kind; 0 where none does."""
        shown = (await self.http.get(f"{self.services['deals'].url}/metrics")).text
        named = "crm_cell_oldest_mark_age_seconds{"
        return [float(line.rpartition(" ")[2]) for line in shown.splitlines() if line.startswith(named)]


async def _lag(admin: AIOKafkaAdminClient, ends: dict[TopicPartition, int], services: list[str]) -> int:
    behind = 0
    for name in services:
        committed = await admin.list_consumer_group_offsets(f"{name}.reactions")
        for place, last in ends.items():
            if place.topic in HEARS[name]:
                known = committed.get(place)
                behind += last - (known.offset if known and known.offset > 0 else 0)
    return behind


HEARS = {
    "leads": (topics.CLIENTS, topics.DEALS, topics.CATALOG),
    "deals": (topics.LEADS, topics.DEALS, topics.CLIENTS, topics.CATALOG),
    "clients": (topics.LEADS, topics.DEALS, topics.CLIENTS, topics.CATALOG),
    "catalog": (),
    "timeline": topics.ALL,
}


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    (number,) = {wanted.partitions for wanted in read_topics("local") if wanted.name == topic}
    return set(consumer.partitions_for_topic(topic) or range(number))


async def _read_to_end(consumer: AIOKafkaConsumer) -> list[Record]:
    places = list(consumer.assignment())
    ends = await consumer.end_offsets(places)
    records: list[Record] = []
    while any([await consumer.position(place) < ends[place] for place in places]):
        for batch in (await consumer.getmany(timeout_ms=200)).values():
            records += batch
    return records


def a_phone() -> str:
    """A German mobile number that no other test has."""
    return f"+49151{uuid4().int % 10**8:08d}"
