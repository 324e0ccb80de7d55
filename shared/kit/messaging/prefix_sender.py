"""Send the pending prefixes of documents, each in order."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from time import time

from shared.kit.fault_points import fault_point
from shared.kit.messaging.outbox import Pending
from shared.kit.messaging.sending import Sender, SendFailed, SendRefused
from shared.kit.storage.documents import Document
from shared.kit.telemetry.metrics import PUBLISHED, RELAY_SECONDS

_REMEMBERED = 20_000
"""Acknowledged events that this process does not send again when their document is hinted at once more."""


class PrefixSender:
    """Sends documents side by side, and the events of one document one after another."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._acknowledged: OrderedDict[str, None] = OrderedDict()

    async def send(self, batch: Sequence[Pending]) -> dict[str, Exception]:
        """Send each document's prefix up to its first failure, and return the failures by document."""
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
                    # Kafka is away: the other documents need not wait for the same answer one by one.
                    failed = {each.id: error for each in batch} | failed
                    break
                else:
                    sent.append((pending, entry, future))
            failed |= await self._acknowledge(sent)
        return failed

    async def _acknowledge(
        self, sent: Sequence[tuple[Pending, Document, "asyncio.Future[object]"]]
    ) -> dict[str, Exception]:
        results = await asyncio.gather(*(future for _, _, future in sent), return_exceptions=True)
        failed: dict[str, Exception] = {}
        for (pending, entry, _), result in zip(sent, results, strict=True):
            if isinstance(result, Exception):
                failed[pending.id] = result
                continue
            self._acknowledged[entry["id"]] = None
            if len(self._acknowledged) > _REMEMBERED:
                self._acknowledged.popitem(last=False)
            PUBLISHED.labels(pending.collection.name).inc()
            happened = datetime.fromisoformat(entry["headers"]["ce_time"]).timestamp()
            RELAY_SECONDS.labels(pending.collection.name).observe(max(0.0, time() - happened))
        return failed

    def first_unacknowledged(self, pending: Pending) -> Document:
        """Return the event of the document that was sent and not acknowledged."""
        return next((e for e in pending.entries if e["id"] not in self._acknowledged), pending.entries[0])
