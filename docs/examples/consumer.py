"""A service of another department: it tells of every deal that a lead became, from the beginning of the log."""

import asyncio
import os

from aiokafka import AIOKafkaConsumer
from crm_contracts import registry, topics
from crm_contracts.conversions import LeadConverted


async def main() -> None:
    """Read for ever; the group remembers how far it came."""
    servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    given = {"auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with AIOKafkaConsumer(topics.LEADS, bootstrap_servers=servers, group_id="reporting", **given) as consumer:
        async for record in consumer:
            event = registry.parse(record.headers, record.value)  # None: a type newer than this consumer
            if event is not None and isinstance(event.data, LeadConverted):
                print(event.id, event.time, event.data.lead, "became", event.data.deal, flush=True)
            await consumer.commit()  # after the work: what was done may come again, but nothing is lost


if __name__ == "__main__":
    asyncio.run(main())
