"""The bare limit of B2: what one conversion needs of MongoDB and Kafka, done by one process and nothing else.

None of our code, no web framework, no validation, no reads, no clearing of outboxes. Per conversion (counted on the
services with MongoDB's profiler and the topics, `docs/performance.md`):

- 11 document writes: the lead three times (asked, client known, done); in clients two claims, the decision, the
  company, the contact, the answer; the deal twice (opened, contacts of its company attached).
- 10 events of the sizes that ours have: 4 of the lead, 4 of clients, 2 of the deal.
- 20 timeline entries, one for each element that each event names.

Every write waits for the majority and the journal, every event for all acknowledgements, every consumer commits after
its work; each step begins when the message of the step before has come through Kafka. Whatever can be done at once is
done at once: a stage takes all messages that are there, and writes all documents of one step in one command.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import InsertOne, UpdateOne, WriteConcern

from benchmarks.figures import Run
from benchmarks.limits import sizes
from benchmarks.load import closed, open_loop
from benchmarks.program import Where
from benchmarks.resources import with_cpu

WARM_UP = 40
PARTITIONS = 6
LEADS, DEALS, CLIENTS = "bench.leads", "bench.deals", "bench.clients"

Stage = Callable[[Sequence[tuple[str, str]]], Awaitable[None]]
"""Takes (conversion, event type) of all messages that are there."""


def text(size: int) -> str:
    return "x" * size


class Chain:
    """All five services as one process."""

    def __init__(self, where: Where) -> None:
        self._kafka = where.kafka
        self._client: Any = AsyncIOMotorClient(where.mongo)
        safe = WriteConcern(w="majority", j=True)
        self._database = self._client.get_database(f"bench_{uuid4().hex[:8]}", write_concern=safe)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=where.kafka, acks="all", enable_idempotence=True, linger_ms=0, max_batch_size=1 << 18
        )
        self._consumers: list[AIOKafkaConsumer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._done: dict[str, asyncio.Future[None]] = {}
        self._entries: dict[str, int] = {}

    async def __aenter__(self) -> "Chain":
        await self._make_topics()
        await self._producer.start()
        run = uuid4().hex[:8]
        stages: dict[str, tuple[Stage, tuple[str, ...]]] = {
            "clients": (self.make_clients, (LEADS, DEALS)),
            "leads": (self.go_on, (CLIENTS, DEALS)),
            "deals": (self.open_deals, (LEADS, CLIENTS)),
            "timeline": (self.tell, (LEADS, DEALS, CLIENTS)),
        }
        for name, (stage, topics) in stages.items():
            consumer = AIOKafkaConsumer(
                *topics,
                bootstrap_servers=self._kafka,
                group_id=f"bench-{run}-{name}",
                enable_auto_commit=False,
                auto_offset_reset="latest",
            )
            await consumer.start()
            while not consumer.assignment():
                await asyncio.sleep(0.05)
            for place in consumer.assignment():
                await consumer.position(place)
            self._consumers.append(consumer)
            self._tasks.append(asyncio.create_task(self._run(consumer, stage)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for consumer in self._consumers:
            await consumer.stop()
        await self._producer.stop()
        await self._client.drop_database(self._database.name)
        self._client.close()

    async def prepare(self, ids: Sequence[str]) -> None:
        """The leads, which are there before."""
        await self._insert("leads", [{"_id": id_, "state": text(sizes.LEAD)} for id_ in ids])

    async def convert(self, id_: str) -> None:
        """One conversion, until its last timeline entry is written."""
        done = self._done[id_] = asyncio.get_running_loop().create_future()
        await self._update("leads", [id_], sizes.LEAD_CHANGE)
        await self._say(LEADS, [(id_, "conversion_requested")])
        await done

    async def make_clients(self, heard: Sequence[tuple[str, str]]) -> None:
        asked = [id_ for id_, kind in heard if kind == "deal_created"]
        ids = [id_ for id_, kind in heard if kind == "conversion_requested"]
        await asyncio.gather(self._say(CLIENTS, [(id_, "contacts_resolved") for id_ in asked]), self._clients_of(ids))

    async def _clients_of(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        keys = [f"{kind}:{id_}" for id_ in ids for kind in ("phone", "email")]
        await self._insert("claims", [{"_id": key, "holder": text(sizes.CLAIM)} for key in keys])
        await self._insert("resolutions", [{"_id": id_, "state": text(sizes.RESOLUTION)} for id_ in ids])
        await asyncio.gather(
            self._insert("companies", [{"_id": id_, "state": text(sizes.COMPANY)} for id_ in ids]),
            self._insert("contacts", [{"_id": id_, "state": text(sizes.CONTACT)} for id_ in ids]),
        )
        await self._update("resolutions", ids, sizes.RESOLUTION)
        kinds = ("company_created", "contact_created", "client_resolved")
        await self._say(CLIENTS, [(id_, kind) for id_ in ids for kind in kinds])

    async def open_deals(self, heard: Sequence[tuple[str, str]]) -> None:
        asked = [id_ for id_, kind in heard if kind == "deal_requested"]
        resolved = [id_ for id_, kind in heard if kind == "contacts_resolved"]
        if asked:
            await self._insert("deals", [{"_id": id_, "state": text(sizes.DEAL)} for id_ in asked])
            await self._say(DEALS, [(id_, "deal_created") for id_ in asked])
        if resolved:
            await self._update("deals", resolved, sizes.DEAL_CHANGE)
            await self._say(DEALS, [(id_, "contacts_attached") for id_ in resolved])

    async def go_on(self, heard: Sequence[tuple[str, str]]) -> None:
        resolved = [id_ for id_, kind in heard if kind == "client_resolved"]
        opened = [id_ for id_, kind in heard if kind == "deal_created"]
        if resolved or opened:
            await self._update("leads", [*resolved, *opened], sizes.LEAD_CHANGE)
            said = [(id_, "deal_requested") for id_ in resolved]
            await self._say(LEADS, said + [(id_, kind) for id_ in opened for kind in ("converted", "stage_changed")])

    async def tell(self, heard: Sequence[tuple[str, str]]) -> None:
        entries = [
            {"_id": f"{id_}:{kind}:{place}", "entry": text(sizes.ENTRY)}
            for id_, kind in heard
            for place in range(sizes.ENTRIES[kind])
        ]
        await self._insert("entries", entries)
        for id_, kind in heard:
            self._entries[id_] = self._entries.get(id_, 0) + sizes.ENTRIES[kind]
            if self._entries[id_] == sum(sizes.ENTRIES.values()):
                self._done.pop(id_).set_result(None)

    async def _insert(self, collection: str, documents: Sequence[dict[str, Any]]) -> None:
        await self._database[collection].bulk_write([InsertOne(each) for each in documents], ordered=False)

    async def _update(self, collection: str, ids: Sequence[str], size: int) -> None:
        changes = [UpdateOne({"_id": id_}, {"$set": {"change": text(size)}}) for id_ in ids]
        await self._database[collection].bulk_write(changes, ordered=False)

    async def _say(self, topic: str, said: Sequence[tuple[str, str]]) -> None:
        sent = [
            await self._producer.send(
                topic, text(sizes.EVENTS[kind]).encode(), id_.encode(), headers=[("type", kind.encode()), HEADERS]
            )
            for id_, kind in said
        ]
        await asyncio.gather(*sent)

    async def _run(self, consumer: AIOKafkaConsumer, stage: Stage) -> None:
        commits: set[asyncio.Task[None]] = set()
        while True:
            found = await consumer.getmany(timeout_ms=1000)
            records: list[ConsumerRecord[bytes, bytes]] = [record for batch in found.values() for record in batch]
            if not records:
                continue
            await stage([(record.key.decode(), dict(record.headers)["type"].decode()) for record in records])
            # After the work, but nobody waits for it.
            offsets = {place: batch[-1].offset + 1 for place, batch in found.items()}
            commit = asyncio.create_task(consumer.commit(offsets))
            commits.add(commit)
            commit.add_done_callback(commits.discard)

    async def _make_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        await admin.start()
        try:
            there = await admin.list_topics()
            missing = [NewTopic(name, PARTITIONS, 1) for name in (LEADS, DEALS, CLIENTS) if name not in there]
            if missing:
                await admin.create_topics(missing)
        finally:
            await admin.close()


HEADERS = ("rest", text(sizes.HEADERS).encode())


async def measure(where: Where, *, operations: int, callers: int | None = None, per_second: float | None = None) -> Run:
    """As for the services: so many conversions by so many callers, or so many per second."""
    async with Chain(where) as chain:
        ids = [f"{uuid4()}" for _ in range(WARM_UP + operations)]
        await chain.prepare(ids)

        async def convert(number: int) -> None:
            await chain.convert(ids[number])

        numbers = count()
        await closed(convert, callers=8, operations=WARM_UP, numbers=numbers)
        if callers is not None:
            window = closed(convert, callers=callers, operations=operations, numbers=numbers)
        else:
            window = open_loop(convert, per_second=per_second or 1, operations=operations, numbers=numbers)
        return await with_cpu(Path(where.directory), window)
