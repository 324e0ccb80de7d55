"""Quarantine documents whose events Kafka rejects, until an operator releases them."""

from shared.kit.messaging.outbox import Pending
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.telemetry.logs import log

REFUSALS_BEFORE_QUARANTINE = 3


async def count_refusal(pending: Pending, event: Document, database: Database) -> None:
    """Count a rejected event of a document, and quarantine the document after several."""
    document = await pending.collection.update({"_id": pending.id}, {"$inc": {"refusals": 1}})
    if document is None or document["refusals"] < REFUSALS_BEFORE_QUARANTINE:
        return
    log.error("document quarantined", collection=pending.collection.name, id=pending.id)
    reason = {"type": event["headers"]["ce_type"], "event_id": event["id"], "at": await database.now()}
    await pending.collection.update({"_id": pending.id}, {"$set": {"quarantined": reason}, "$unset": {"due": ""}})


async def release(collection: Collection, id_: str) -> bool:
    """Make a quarantined document due again; False where there is none."""
    where = {"_id": id_, "quarantined": {"$exists": True}}
    change = {"$unset": {"quarantined": "", "refusals": ""}, "$currentDate": {"due": True}}
    return await collection.update(where, change) is not None


async def list_quarantined(collection: Collection) -> list[dict[str, str]]:
    """List the quarantined documents: collection, id, event type and time."""
    found: list[dict[str, str]] = []
    for document in await collection.find({"quarantined.at": {"$exists": True}}, limit=200, fields={"quarantined": 1}):
        kept = document["quarantined"]
        found.append({"collection": collection.name, "id": document["_id"], **kept, "at": str(kept["at"])})
    return found
