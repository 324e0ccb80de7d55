"""The relay: takes events from the documents that hold them, and is the only one that publishes them.

Woken by each write, it sends the *whole* pending prefix of the document as it was returned by that write, in order,
waits for Kafka's acknowledgements, then clears, a little later and many documents at once: nobody waits for that. A
sweeper finds what was left behind, by the sparse index on `due`.
The surprise: an event may be sent twice (it keeps its id), but the first occurrences of one aggregate's events always
stand in order, also with several replicas, because nobody ever sends an event without those before it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import time
from typing import Protocol

from shared.kit.fault_points import fault_point
from shared.kit.messaging.backlog import Backlog
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import is_transient
from shared.kit.storage.indexes import Index
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import HINTS_DROPPED, PUBLISH_SECONDS, PUBLISHED, RELAY_SECONDS

OUTBOX_INDEXES = (
    Index([("due", 1)], sparse=True, name="due"),
    Index([("quarantined.at", 1)], sparse=True, name="quarantined"),
)

MAX_HINTS = 10_000
MAX_HINTED_BYTES = 32 * 1024 * 1024
ROUND = 500
ROUND_BYTES = 8 * 1024 * 1024
"""A round holds no more than this in memory and in the producer, one document apart, which may be larger."""

CLEAR_EVERY_S = 0.2
"""What was published stays in its document for so long: a document that is changed again meanwhile is cleared once."""

REFUSALS_BEFORE_QUARANTINE = 3
_REMEMBERED = 20_000


class SendRefused(Exception):
    """Kafka will never take this event, however often it is sent."""


class SendFailed(Exception):
    """Kafka did not take the event now."""


class Sender(Protocol):
    """Puts one record into a topic."""

    async def send(self, topic: str, key: str, value: bytes, headers: dict[str, str]) -> "asyncio.Future[object]":
        """Begin to send; the future ends when Kafka has acknowledged, or with `SendRefused` or `SendFailed`."""
        ...

    async def renew(self) -> None:
        """Start afresh after an error that no retry heals."""
        ...

    async def stop(self, deadline_s: float) -> None:
        """Give up what is not sent within the deadline."""
        ...


@dataclass(frozen=True)
class Pending:
    """The pending prefix of one document, as of one version."""

    collection: Collection
    topic: str
    id: str
    version: int
    entries: tuple[Document, ...]

    @property
    def size(self) -> int:
        """Bytes of its events."""
        return sum(len(entry["value"]) for entry in self.entries)


class Relay:
    """Publishes what the documents of some collections hold, each collection's to one topic."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        *,
        sweep_interval_s: float = 1.0,
        sweep_grace_s: float = 3.0,
        backlog_cap: int = 200_000,
        max_hints: int = MAX_HINTS,
        max_hinted_bytes: int = MAX_HINTED_BYTES,
    ) -> None:
        """A document is the sweeper's when it has been pending for `sweep_grace_s`.

        What is hinted at beyond `max_hints` documents or `max_hinted_bytes` of events is the sweeper's too.
        """
        self._database = database
        self._sender = sender
        self._interval = sweep_interval_s
        self._grace = timedelta(seconds=sweep_grace_s)
        self._backlog = Backlog(database, cap=backlog_cap)
        self._max_hints = max_hints
        self._max_hinted_bytes = max_hinted_bytes
        self._hinted_bytes = 0
        self._topics: dict[str, tuple[Collection, str]] = {}
        self._hints: dict[tuple[str, str], Pending] = {}
        self._acknowledged: OrderedDict[str, None] = OrderedDict()
        self._published: dict[tuple[str, str], Pending] = {}
        self._wake = asyncio.Event()
        self._busy = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_full(self) -> bool:
        """Whether more documents wait than the cap allows, as of the last count."""
        return self._backlog.is_full

    def watch(self, collection: Collection, topic: str) -> None:
        """Publish this collection's events to the topic."""
        self._topics[collection.name] = (collection, topic)
        self._backlog.watch(collection)
        PUBLISHED.labels(collection.name)
        RELAY_SECONDS.labels(collection.name)

    def hint(self, collection: Collection, document: Document) -> None:
        """A document was written; of several hints about one document the newest version wins."""
        pending = self._pending(collection, document)
        if pending is not None:
            self._keep(pending)

    def _keep(self, pending: Pending) -> None:
        key = (pending.collection.name, pending.id)
        known = self._hints.get(key)
        if known is not None and known.version >= pending.version:
            return
        hinted = self._hinted_bytes - (known.size if known else 0) + pending.size
        if (known is None and len(self._hints) >= self._max_hints) or hinted > self._max_hinted_bytes:
            HINTS_DROPPED.inc()
            return
        self._hints[key] = pending
        self._hinted_bytes = hinted
        self._wake.set()

    async def start(self) -> None:
        """Begin to publish, in the background."""
        # Measuring is a task of its own: while Kafka is away a sweep takes long, and the cap must hold just then.
        rounds = (
            self._relay_hints(),
            self._again_and_again(self._clear_published, CLEAR_EVERY_S),
            self._again_and_again(self.sweep, self._interval),
            self._again_and_again(self._backlog.measure, self._interval),
        )
        self._tasks = [asyncio.create_task(each) for each in rounds]

    async def stop(self, deadline_s: float) -> None:
        """Publish what is known to be pending, but not beyond the deadline: the rest is the next sweeper's."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(deadline_s):
                while self._hints:
                    await self._publish(self._take_hints())
                await self._clear_published()
        except TimeoutError:
            log.warning("relay stopped before everything was published", pending=len(self._hints))
        await self._sender.stop(deadline_s)

    async def sweep(self) -> int:
        """Publish what has been pending for longer than the grace; the number of documents taken."""
        taken = 0
        cutoff = await self._database.now() - self._grace
        for collection, _ in self._topics.values():
            while claimed := await self._claim(collection, cutoff):
                taken += len(claimed)
                is_failing = await self._publish(claimed)
                await self._clear_published()
                if is_failing:
                    break  # The next sweep goes on.
        return taken

    async def release(self, collection_name: str, id_: str) -> bool:
        """Let a quarantined document be published again, after its cause is gone; False where there is none."""
        if collection_name not in self._topics:
            return False
        collection, _ = self._topics[collection_name]
        where = {"_id": id_, "quarantined": {"$exists": True}}
        change = {"$unset": {"quarantined": "", "refusals": ""}, "$currentDate": {"due": True}}
        return await collection.update(where, change) is not None

    async def quarantined(self) -> list[dict[str, str]]:
        """What is kept back: collection, id, event type and reason."""
        found: list[dict[str, str]] = []
        for collection, _ in self._topics.values():
            fields = {"quarantined": 1}
            for document in await collection.find({"quarantined.at": {"$exists": True}}, limit=200, fields=fields):
                kept = document["quarantined"]
                found.append({"collection": collection.name, "id": document["_id"], **kept, "at": str(kept["at"])})
        return found

    async def _claim(self, collection: Collection, cutoff: object) -> list[Pending]:
        """Documents nobody else sweeps now: their `due` was moved forward, under a guard."""
        where = {"due": {"$lte": cutoff}, "quarantined": {"$exists": False}}
        claimed: list[Pending] = []
        size = 0
        for found in await collection.find(where, sort=[("due", 1)], limit=ROUND, fields={"due": 1}):
            if size > ROUND_BYTES:
                break
            guard = {"_id": found["_id"], "due": found["due"]}
            document = await collection.update(guard, {"$currentDate": {"due": True}})
            pending = None if document is None else self._pending(collection, document)
            if pending is not None:
                claimed.append(pending)
                size += pending.size
        return claimed

    async def _again_and_again(self, work: Callable[[], Awaitable[object]], every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the next round goes on
                if not is_transient(error):
                    log.exception("outbox round failed", work=work.__name__)
                else:
                    log.warning("outbox round postponed", work=work.__name__, error=type(error).__name__)

    async def _relay_hints(self) -> None:
        while True:
            await self._wake.wait()
            pending = self._take_hints()
            try:
                await self._publish(pending)
            except asyncio.CancelledError:
                # Stopped halfway: `stop` still publishes these, unless a newer hint knows more.
                for each in pending:
                    self._keep(each)
                raise
            except Exception as error:  # noqa: BLE001 - the next round goes on
                if not is_transient(error):
                    log.exception("relay round failed")
                else:
                    log.warning("relay round postponed", error=type(error).__name__)

    def _take_hints(self) -> list[Pending]:
        taken: list[Pending] = []
        size = 0
        for key in list(self._hints)[:ROUND]:
            if size > ROUND_BYTES:
                break
            taken.append(self._hints.pop(key))
            size += taken[-1].size
        self._hinted_bytes -= size
        if not self._hints:
            self._wake.clear()
        return taken

    def _pending(self, collection: Collection, document: Document) -> Pending | None:
        if not document.get("outbox") or "quarantined" in document:
            return None
        _, topic = self._topics[collection.name]
        return Pending(collection, topic, document["_id"], document["version"], tuple(document["outbox"]))

    async def _publish(self, batch: Sequence[Pending]) -> bool:
        """Send each document's prefix, and let what was acknowledged be cleared; whether Kafka failed."""
        async with self._busy:
            with PUBLISH_SECONDS.time():
                outcome = await self._send(batch)
            self._let_clear(pending for pending in batch if pending.id not in outcome)
            if not outcome:
                return False
            await self._sender.renew()
            for pending in batch:
                if isinstance(outcome.get(pending.id), SendRefused):
                    await self._retry_alone(pending, alone=len(batch) == 1)
            return any(isinstance(error, SendFailed) for error in outcome.values())

    async def _send(self, batch: Sequence[Pending]) -> dict[str, Exception]:
        """What went wrong, by document. A document stops at its first failure, so that its order holds."""
        failed: dict[str, Exception] = {}
        longest = max((len(pending.entries) for pending in batch), default=0)
        for position in range(longest):
            sent: list[tuple[Pending, Document, asyncio.Future[object]]] = []
            for pending in batch:
                if position >= len(pending.entries) or pending.id in failed:
                    continue
                entry = pending.entries[position]
                if entry["id"] in self._acknowledged:
                    continue
                fault_point(f"publish:{entry['headers']['ce_type']}")
                try:
                    future = await self._sender.send(pending.topic, pending.id, entry["value"], entry["headers"])
                except SendRefused as error:
                    failed[pending.id] = error
                except SendFailed as error:
                    # Kafka is away: the others need not wait for the same answer, one after another.
                    failed = {each.id: error for each in batch} | failed
                    break
                else:
                    sent.append((pending, entry, future))
            results = await asyncio.gather(*(future for _, _, future in sent), return_exceptions=True)
            for (pending, entry, _), result in zip(sent, results, strict=True):
                if isinstance(result, Exception):
                    failed[pending.id] = result
                else:
                    self._remember(entry["id"])
                    _count(pending, entry)
        return failed

    def _remember(self, event_id: str) -> None:
        """Acknowledged events are not sent again by this process, when the same document is hinted at once more."""
        self._acknowledged[event_id] = None
        if len(self._acknowledged) > _REMEMBERED:
            self._acknowledged.popitem(last=False)

    def _let_clear(self, published: Iterable[Pending]) -> None:
        for pending in published:
            key = (pending.collection.name, pending.id)
            known = self._published.get(key)
            if known is None or known.version < pending.version:
                self._published[key] = pending

    async def _clear_published(self) -> None:
        """Take what Kafka has out of the documents; what fails here is the sweeper's, which sends it again."""
        by_collection: dict[str, list[Pending]] = {}
        for key in list(self._published):
            by_collection.setdefault(key[0], []).append(self._published.pop(key))
        for group in by_collection.values():
            collection = group[0].collection
            # Safe only because every push raises `version`: the document is as it was published.
            unset = {"$set": {"outbox": []}, "$unset": {"due": "", "refusals": ""}}
            matched = await collection.update_each(
                [({"_id": pending.id, "version": pending.version}, unset) for pending in group]
            )
            if matched < len(group):
                await collection.update_each([self._pull(pending) for pending in group])

    @staticmethod
    def _pull(pending: Pending) -> tuple[Document, list[Document]]:
        """Take out exactly what was published; `due` goes with the last event, in the same update."""
        ids = [entry["id"] for entry in pending.entries]
        left = {"$filter": {"input": "$outbox", "cond": {"$not": [{"$in": ["$$this.id", ids]}]}}}
        due = {"$cond": [{"$eq": ["$outbox", []]}, "$$REMOVE", "$due"]}
        return {"_id": pending.id, "outbox.id": {"$in": ids}}, [{"$set": {"outbox": left}}, {"$set": {"due": due}}]

    async def _retry_alone(self, pending: Pending, *, alone: bool) -> None:
        """A refusal hits the whole batch of records: only one that is refused alone is to blame."""
        error: Exception | None = SendRefused() if alone else (await self._send([pending])).get(pending.id)
        if error is None:
            self._let_clear([pending])
            return
        if not alone:
            await self._sender.renew()
        if not isinstance(error, SendRefused):
            return
        document = await pending.collection.update({"_id": pending.id}, {"$inc": {"refusals": 1}})
        if document is None or document["refusals"] < REFUSALS_BEFORE_QUARANTINE:
            return
        first = next((e for e in pending.entries if e["id"] not in self._acknowledged), pending.entries[0])
        log.error("document quarantined", collection=pending.collection.name, id=pending.id)
        reason = {"type": first["headers"]["ce_type"], "event_id": first["id"], "at": await self._database.now()}
        await pending.collection.update({"_id": pending.id}, {"$set": {"quarantined": reason}, "$unset": {"due": ""}})


def _count(pending: Pending, entry: Document) -> None:
    PUBLISHED.labels(pending.collection.name).inc()
    happened = datetime.fromisoformat(entry["headers"]["ce_time"]).timestamp()
    RELAY_SECONDS.labels(pending.collection.name).observe(max(0.0, time() - happened))
