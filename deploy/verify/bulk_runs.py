"""Check that runs have changed each record once, and counted it once (DEAL-03)."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from crm_contracts.envelope import Envelope, Event

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored
from shared.kit.runs.outcomes import KEPT_S
from shared.kit.storage.documents import Document

RUNNING_SERVICES: Final = ("leads", "deals", "clients")
"""Services that change records in runs."""


_CHANGES_WITH: Final = {"convert": ("ok", "refused")}
"""Statuses of records that runs have changed, by action, where one that was changed is not always as it was wished.

The conversion of a lead may be refused in the end.
"""


class BulkRuns(Invariant):
    """Compare what runs have counted with the outcomes that are stored, and both with the events of the changes."""

    name = "runs"
    promise = "every record of a run was changed at most once, has one outcome, and is counted once"

    def __init__(self, *, now: datetime) -> None:
        """Leave out runs whose outcomes may be gone."""
        super().__init__()
        self._kept_since = now - timedelta(seconds=KEPT_S)
        self._changed: dict[tuple[str, str], set[datetime]] = defaultdict(set)
        self._runs: dict[str, Document] = {}
        self._statuses: dict[str, dict[str, str]] = defaultdict(dict)
        self._told: dict[str, set[str]] = defaultdict(set)

    def take_event(self, event: Envelope[Event]) -> None:
        if event.bulk_id is not None:
            self._changed[event.bulk_id, event.subject].add(event.time)

    def take_document(self, stored: Stored) -> None:
        for event in stored.pending(0):
            self.take_event(event)

    def take_run(self, document: Document) -> None:
        """Take a run, after all events."""
        self._runs[document["_id"]] = document

    def take_outcome(self, row: Document) -> None:
        """Take an outcome, after all runs."""
        self._statuses[row["run"]][row["id"]] = row["status"]
        if row["before"]:
            self._told[row["run"]].add(row["id"])

    def broken(self) -> Iterator[Finding]:
        for (run_id, record), moments in self._changed.items():
            self.counts["records changed in runs"] += 1
            if len(moments) > 1:
                yield self._finding(f"run:{run_id}", f"has changed {record} {len(moments)} times")
        for run_id, run in self._runs.items():
            self.checked += 1
            if not run["is_open"] and run["created_at"] > self._kept_since:
                yield from self._judged(run_id, run)

    def _judged(self, run_id: str, run: Document) -> Iterator[Finding]:
        statuses = self._statuses[run_id]
        stored = Counter(statuses.values())
        if {status: number for status, number in run["counts"].items() if number} != dict(stored):
            yield self._finding(f"run:{run_id}", "has counted other outcomes than are stored")
        for of_run, record in self._changed:
            if of_run == run_id and statuses.get(record) not in _CHANGES_WITH.get(run["action"], ("ok",)):
                yield self._finding(f"run:{run_id}", f"has changed {record}, and does not say so")
        for record in sorted(self._told[run_id]):
            if not run["is_rehearsal"] and (run_id, record) not in self._changed:
                yield self._finding(f"run:{run_id}", f"says that it changed {record}, and no event does")
