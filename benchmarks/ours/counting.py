"""Count what one conversion costs: writes, commands, events with their sizes, timeline entries.

MongoDB's profiler notes every command of all five databases while one lead is converted; the topics and documents are
read afterwards. `benchmarks.limits.sizes` holds what was counted, and the bare limit does no more than is needed of it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import bson
from aiokafka import AIOKafkaConsumer
from crm_contracts import topics
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import MongoClient

from benchmarks.growth import timelines
from benchmarks.ours.callers import Callers, a_lead
from benchmarks.ours.conversion import WISH, entries_of
from benchmarks.ours.entries import Entries
from benchmarks.program import Target

SERVICES = ("leads", "deals", "clients", "timeline")
_CALM_S = 5.0


async def count(target: Target) -> dict[str, Any]:
    """Count the second conversion: the first one creates what is created once."""
    client: Any = AsyncIOMotorClient(target.mongo)
    databases = {name: client[f"crm_{name}"] for name in SERVICES}
    run = uuid4().hex[:8]
    async with Callers(target) as crm, Entries(target) as entries:
        for number in (1, 2):
            for database in databases.values():
                await database["system.profile"].drop()
            chain = await _convert(crm, entries, databases, run, number)
    with MongoClient[dict[str, Any]](target.mongo) as reader:
        stored = [entry for entries in timelines(reader) for entry in entries.find({"correlation_id": chain})]
    found = {
        "commands": {name: count async for name, count in _commands(databases)},
        "events": await _events(target, chain),
        "entries": dict(Counter(each["type"] for each in stored for _ in each["elements"])),
        "bytes of an event's entries": sum(len(bson.encode(each)) for each in stored) // len(stored),
        "bytes of a document": {name: size async for name, size in _documents(databases)},
    }
    client.close()
    return found


async def _convert(crm: Callers, entries: Entries, databases: Mapping[str, Any], run: str, number: int) -> str:
    """Convert one lead under the profiler, and return the correlation id."""
    lead = (await crm.send("POST", "leads", "/leads", a_lead(number, run)))["id"]
    await asyncio.sleep(_CALM_S)  # what the creation left to do is not part of a conversion
    for database in databases.values():
        await database.command("profile", 2)
    chain = f"{run}-{number}"
    await crm.send("POST", "leads", f"/leads/{lead}/conversion", WISH, {"X-Correlation-Id": chain})
    await entries_of(entries, chain)
    for database in databases.values():
        await database.command("profile", 0)
    return chain


async def _commands(databases: Mapping[str, Any]) -> AsyncIterator[tuple[str, int]]:
    """Count the commands of each collection by kind, apart from those that occur without load."""
    for name, database in databases.items():
        seen: Counter[str] = Counter()
        async for each in database["system.profile"].find({"appName": "crm"}):
            command = each.get("command", {})
            if each["op"] != "getmore" and "due" not in str(command.get("filter", "")) and "profile" not in command:
                seen[f"{each['ns'].partition('.')[2]} {each['op']}"] += 1
        for what, number in sorted(seen.items()):
            yield f"{name}.{what}", number


async def _documents(databases: Mapping[str, Any]) -> AsyncIterator[tuple[str, int]]:
    """Return the size of the newest document of each collection."""
    for name, database in databases.items():
        for collection in sorted(await database.list_collection_names()):
            last = await database[collection].find_one(sort=[("$natural", -1)])
            if last and not collection.startswith("system"):
                yield f"{name}.{collection}", len(bson.encode(last))


async def _events(target: Target, chain: str) -> list[tuple[str, int, int]]:
    """Return type, bytes of the value and bytes of the headers of each event."""
    consumer = AIOKafkaConsumer(*topics.ALL, bootstrap_servers=target.kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = list(consumer.assignment())
        ends = await consumer.end_offsets(places)
        found = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                for record in batch:
                    headers = {name: value.decode() for name, value in record.headers}
                    if headers.get("ce_correlationid") == chain:
                        size = sum(len(name) + len(value) for name, value in record.headers)
                        found.append((headers["ce_type"], len(record.value), size))
        return found
    finally:
        await consumer.stop()
