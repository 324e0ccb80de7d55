"""The bare limit of a conversion does what its docstring argues for, and no more."""

import asyncio
from typing import Any
from uuid import uuid4

from motor.motor_asyncio import AsyncIOMotorClient

from benchmarks.limits import sizes
from benchmarks.limits.conversion import Chain
from benchmarks.program import Target
from deploy.local.stack import LocalStack
from tests.deadlines import DEADLINE_S


async def test_the_shortest_conversion_is_eleven_writes_and_seven_events(local_stack: LocalStack) -> None:
    kafka, mongo = local_stack.kafka.bootstrap_servers, local_stack.mongo.url
    chain = Chain(Target({}, "", kafka=kafka, mongo=mongo, directory=str(local_stack.directory)))
    client: Any = AsyncIOMotorClient(mongo)
    lead = str(uuid4())
    async with chain.bus:
        database = client[chain.bus.database]
        await chain.prepare([lead])
        await database.command("profile", 2)
        await chain.convert(lead)
        # The last entry may be written before the view of the elements is.
        async with asyncio.timeout(DEADLINE_S):
            while await database["elements"].count_documents({}) < 2:  # noqa: ASYNC110 - MongoDB's
                await asyncio.sleep(0.05)
        await database.command("profile", 0)
        found = [each async for each in database["system.profile"].find({"op": {"$in": ["insert", "update"]}})]
    client.close()
    written: dict[str, int] = {}
    for each in found:
        collection = each["ns"].partition(".")[2]
        number = each.get("ninserted", 0) + each.get("nModified", 0)
        written[collection] = written.get(collection, 0) + number
    assert written.pop("entries") == len(sizes.CONVERSION) == 7
    assert written == {
        "leads": 2,
        "claims": 2,
        "resolutions": 2,
        "companies": 1,
        "contacts": 1,
        "deals": 1,
        "elements": 2,
    }
    assert sum(written.values()) == 11
