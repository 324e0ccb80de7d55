"""Find documents whose events were left behind, by the sparse index on `due`."""

from datetime import datetime

from shared.kit.messaging.outbox import ROUND, ROUND_BYTES, Pending
from shared.kit.storage.collection import Collection


async def claim(collection: Collection, topic: str, cutoff: datetime) -> list[Pending]:
    """Claim documents due since before `cutoff`, one round at most, by moving their `due` forward under a guard."""
    where = {"due": {"$lte": cutoff}, "quarantined": {"$exists": False}}
    claimed: list[Pending] = []
    size = 0
    for found in await collection.find(where, sort=[("due", 1)], limit=ROUND, fields={"due": 1}):
        if size > ROUND_BYTES:
            break
        guard = {"_id": found["_id"], "due": found["due"]}
        document = await collection.update(guard, {"$currentDate": {"due": True}})
        pending = None if document is None else Pending.of(collection, topic, document)
        if pending is not None:
            claimed.append(pending)
            size += pending.size
    return claimed
