"""The bare limit of B4: the events of the topic are consumed and inserted by the hundred, as bytes, by one process."""

from time import monotonic
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from crm_contracts import topics
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import WriteConcern

from benchmarks.figures import Run
from benchmarks.limits.bus import partitions_of_a_topic
from benchmarks.program import Target

BATCH = 500


async def measure(target: Target, *, events: int) -> Run:
    """Read and insert the newest events of the leads topic."""
    client: Any = AsyncIOMotorClient(target.mongo)
    database = client.get_database(f"bench_{uuid4().hex[:8]}", write_concern=WriteConcern(w="majority", j=True))
    consumer = AIOKafkaConsumer(bootstrap_servers=target.kafka)
    await consumer.start()
    try:
        number = await partitions_of_a_topic(target.kafka)
        places = [TopicPartition(topics.LEADS, partition) for partition in range(number)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place, end in ends.items():
            consumer.seek(place, max(0, end - events // number))
        began, done = monotonic(), 0
        while any([await consumer.position(place) < ends[place] for place in places]):
            found = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
            documents = [
                {"_id": f"{record.partition}-{record.offset}", "value": record.value}
                for batch in found.values()
                for record in batch
            ]
            if documents:
                await database["entries"].insert_many(documents, ordered=False)
            done += len(documents)
        return Run((), monotonic() - began, done)
    finally:
        await consumer.stop()
        await client.drop_database(database.name)
        client.close()
