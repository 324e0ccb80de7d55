"""B4: a topic is full of events, and the timeline service, just started, projects them."""

import asyncio
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from crm_contracts import topics
from crm_contracts.envelope import Envelope
from crm_contracts.leads import LeadUpdated
from pymongo import MongoClient

from benchmarks.figures import Run
from benchmarks.growth import timelines
from benchmarks.program import Target

_LOOK_S = 0.05
_LINGER_MS = 5


async def fill(target: Target, *, events: int, chain: str) -> None:
    """Publish so many events of leads that were renamed, each of a lead of its own."""
    producer = AIOKafkaProducer(bootstrap_servers=target.kafka, linger_ms=_LINGER_MS, max_batch_size=1 << 18)
    await producer.start()
    try:
        sent = []
        for number in range(events):
            lead = str(uuid4())
            title = f"Pumps {number}"
            changed = {"lead": {"type": "lead", "id": lead, "title": title}, "before": {}, "after": {"title": title}}
            event = Envelope(
                id=str(uuid4()),
                source="/crm/leads",
                subject=lead,
                time=datetime.now(UTC),
                data=LeadUpdated.model_validate(changed),
                correlation_id=chain,
                actor="user:bench",
                sequence=1,
            )
            headers = [(name, value.encode()) for name, value in event.headers().items()]
            sent.append(await producer.send(topics.LEADS, event.body(), lead.encode(), headers=headers))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def measure(target: Target, *, events: int, chain: str) -> Run:
    """Measure events per second, from the first that was seen to the last."""
    counts: list[tuple[float, int]] = []
    with MongoClient[dict[str, Any]](target.mongo) as client:
        while not counts or counts[-1][1] < events:
            found = sum(entries.count_documents({"correlation_id": chain}) for entries in timelines(client))
            if found:
                counts.append((monotonic(), found))
            await asyncio.sleep(_LOOK_S)
    (began, before), (ended, after) = counts[0], counts[-1]
    return Run((), ended - began, after - before)
