"""Check that no event waits in its document for longer than a minute."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored

MAX_AGE: Final = timedelta(minutes=1)


class Outbox(Invariant):
    """Require published outboxes, and a `due` on the others: the sweeper finds documents by it."""

    name = "outbox"
    promise = "no event waits to be published for more than a minute"

    def __init__(self, *, now: datetime) -> None:
        super().__init__()
        self._now = now
        self._wrong: list[Finding] = []

    def take_document(self, stored: Stored) -> None:
        self.checked += 1
        if not stored.outbox:
            return
        self.counts["events waiting to be published"] += len(stored.outbox)
        oldest = min(datetime.fromisoformat(entry["headers"]["ce_time"]) for entry in stored.outbox)
        held_back = "quarantined" in stored.document
        if self._now - oldest > MAX_AGE:
            why = ": Kafka refuses it, see `crm outbox list`" if held_back else ""
            detail = f"an event waits to be published since {oldest:%Y-%m-%d %H:%M:%S}{why}"
            self._wrong.append(self._finding(stored.subject, detail))
        elif not held_back and "due" not in stored.document:
            self._wrong.append(self._finding(stored.subject, "events wait that no sweep will find: `due` is not set"))

    def broken(self) -> Iterator[Finding]:
        return iter(self._wrong)
