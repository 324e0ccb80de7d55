"""Measure pending events: how many documents have any, the age of the oldest, and whether the cap is exceeded.

The age is that of the oldest event and not of `due`, which sweepers move. Once found, the oldest stays the oldest until
it is published, so while Kafka is away each measurement reads one document.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.telemetry.metrics import OUTBOX_AGE, OUTBOX_DOCUMENTS, OUTBOX_LIMIT, QUARANTINED

_SEARCHED = 10_000
"""Documents among which the oldest is searched, by `due`: those that no sweeper has claimed come first."""


@dataclass(frozen=True)
class _Oldest:
    document: str
    event: str
    time: datetime


class Backlog:
    """Documents with pending events, in some collections of one database and over all replicas."""

    def __init__(self, database: Database, *, cap: int) -> None:
        """Be full beyond `cap` documents."""
        self._database = database
        self._cap = cap
        self._collections: list[Collection] = []
        self._oldest: dict[str, _Oldest] = {}
        self.is_full = False
        """Whether more documents are pending than the cap allows, as of the last count."""
        OUTBOX_LIMIT.set(cap)

    def watch(self, collection: Collection) -> None:
        """Count this collection's documents."""
        self._collections.append(collection)
        OUTBOX_DOCUMENTS.labels(collection.name).set(0)
        OUTBOX_AGE.labels(collection.name).set(0)
        QUARANTINED.labels(collection.name).set(0)

    async def measure(self) -> None:
        """Count the documents and set the gauges."""
        pending = 0
        for collection in self._collections:
            documents = await collection.count({"due": {"$exists": True}}, limit=self._cap + 1)
            OUTBOX_DOCUMENTS.labels(collection.name).set(documents)
            OUTBOX_AGE.labels(collection.name).set(await self._age_s(collection) if documents else 0.0)
            quarantined = await collection.count({"quarantined.at": {"$exists": True}}, limit=1000)
            QUARANTINED.labels(collection.name).set(quarantined)
            pending += documents
        self.is_full = pending > self._cap

    async def _age_s(self, collection: Collection) -> float:
        oldest = self._oldest.get(collection.name)
        if oldest is None or not await _is_pending(collection, oldest):
            oldest = await _find_oldest(collection)
        if oldest is None:
            self._oldest.pop(collection.name, None)
            return 0.0
        self._oldest[collection.name] = oldest
        return max(0.0, (await self._database.now() - oldest.time).total_seconds())


async def _is_pending(collection: Collection, oldest: _Oldest) -> bool:
    where = {"_id": oldest.document, "outbox.0.id": oldest.event, "due": {"$exists": True}}
    return await collection.first(where, fields={"_id": 1}) is not None


async def _find_oldest(collection: Collection) -> _Oldest | None:
    event = {"event": {"$first": "$outbox.id"}, "time": {"$first": "$outbox.headers.ce_time"}}
    found = await collection.aggregate(
        [
            {"$match": {"due": {"$exists": True}}},
            {"$sort": {"due": 1}},
            {"$limit": _SEARCHED},
            {"$project": event},
            {"$match": {"event": {"$ne": None}}},  # just published
            {"$sort": {"time": 1}},
            {"$limit": 1},
        ]
    )
    return _Oldest(found[0]["_id"], found[0]["event"], datetime.fromisoformat(found[0]["time"])) if found else None
