"""What one conversion costs, counted: writes, commands, events with their sizes, timeline entries.

MongoDB's profiler notes every command of all five databases while one lead is converted; the topics and documents are
read afterwards. `benchmarks.limits.sizes` holds what was counted, and the bare limit does just that.
"""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import bson
from aiokafka import AIOKafkaConsumer
from crm_contracts import topics
from motor.motor_asyncio import AsyncIOMotorClient

from benchmarks.ours.callers import Callers, a_lead
from benchmarks.ours.conversion import entries_of
from benchmarks.ours.entries import Entries
from benchmarks.program import Where

SERVICES = ("leads", "deals", "clients", "timeline")


async def count(where: Where) -> dict[str, Any]:
    """Of the second conversion: the first one makes what is made once."""
    client: Any = AsyncIOMotorClient(where.mongo)
    databases = {name: client[f"crm_{name}"] for name in SERVICES}
    run = uuid4().hex[:8]
    async with Callers(where) as crm, Entries(where) as entries:

        async def convert(number: int) -> str:
            lead = (await crm.send("POST", "leads", "/leads", a_lead(number, run)))["id"]
            await asyncio.sleep(5)  # what the creation left to do is not part of a conversion
            for database in databases.values():
                await database.command("profile", 2)
            wish = {"targets": ["contact", "company", "deal"]}
            chain = f"{run}-{number}"
            await crm.send("POST", "leads", f"/leads/{lead}/conversion", wish, {"X-Correlation-Id": chain})
            await entries_of(entries, chain)
            for database in databases.values():
                await database.command("profile", 0)
            return chain

        await convert(1)
        for database in databases.values():
            await database["system.profile"].drop()
        chain = await convert(2)
    commands: Counter[str] = Counter()
    for name, database in databases.items():
        async for seen in database["system.profile"].find({"appName": "crm"}):
            collection = seen["ns"].partition(".")[2]
            command = seen.get("command", {})
            kind = next(iter(command), seen["op"])
            if kind in {"profile", "hello", "aggregate"} or "due" in str(command.get("filter", "")):
                continue
            commands[f"{name}.{collection} {seen['op']} {kind}"] += 1
    found = await _events(where, chain)
    stored = [document async for document in databases["timeline"]["entries"].find({"correlation_id": chain})]
    documents: dict[str, int] = {}
    for name in SERVICES[:3]:
        for collection in await databases[name].list_collection_names():
            if collection.startswith("system"):
                continue
            last = await databases[name][collection].find_one(sort=[("$natural", -1)])
            if last:
                documents[f"{name}.{collection}"] = len(bson.encode(last))
    client.close()
    return {
        "commands": dict(sorted(commands.items())),
        "events": found,
        "entries": dict(Counter(entry["type"] for entry in stored)),
        "entry bytes": sum(len(bson.encode(entry)) for entry in stored) // max(1, len(stored)),
        "documents": documents,
    }


async def _events(where: Where, chain: str) -> list[tuple[str, int, int]]:
    """Type, bytes of the value, bytes of the headers."""
    consumer = AIOKafkaConsumer(*topics.ALL, bootstrap_servers=where.kafka, auto_offset_reset="earliest")
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
