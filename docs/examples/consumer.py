"""A consumer of another department: print what every converted lead became, from the beginning of the log."""

import asyncio
import os
import sys
from contextlib import suppress
from itertools import chain

from aiokafka import AIOKafkaConsumer
from crm_contracts import topics
from crm_contracts.conversions import LeadConverted
from crm_contracts.envelope import MalformedEvent
from crm_contracts.records import read_each


def put_aside(error: MalformedEvent) -> None:
    """Say where a record is that cannot be read: it stays in its topic, and is found again by its place."""
    print("put aside:", error, file=sys.stderr, flush=True)


def results_of(converted: LeadConverted) -> str:
    """Name what the lead became: deal, contact and company, as far as they were asked for."""
    return " ".join(str(ref) for ref in (converted.deal, converted.contact, converted.company) if ref)


async def main() -> None:
    """Consume for ever, from the offsets that the group committed last."""
    servers, group = os.environ["KAFKA_BOOTSTRAP_SERVERS"], os.environ["CONSUMER_GROUP"]
    given = {"group_id": group, "auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with AIOKafkaConsumer(topics.LEADS, bootstrap_servers=servers, **given) as consumer:
        while True:
            batch = await consumer.getmany(timeout_ms=60_000)  # returns as soon as anything is there
            for event in read_each(chain.from_iterable(batch.values()), put_aside):
                if isinstance(event.data, LeadConverted):
                    print(event.id, event.time, event.data.lead, "became", results_of(event.data), flush=True)
            await consumer.commit()  # after the work on the whole batch: an event may come twice, but none is lost


if __name__ == "__main__":
    if missing := [name for name in ("KAFKA_BOOTSTRAP_SERVERS", "CONSUMER_GROUP") if not os.environ.get(name)]:
        sys.exit(f"first set {' and '.join(missing)}: where Kafka is, and a name that no other consumer has")
    with suppress(KeyboardInterrupt):  # Ctrl-C ends it
        asyncio.run(main())
