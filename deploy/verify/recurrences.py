"""Check that a template has made one deal for each date that came, and no other one (DEAL-15)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Created
from crm_contracts.recurrences import DealRecurringDue, DealRecurringExposed

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored


class _Due(NamedTuple):
    """A date of a template that has come."""

    template: str
    day: date
    at: datetime


class Recurrences(Invariant):
    """Compare what templates asked for with the deals that say that they were made from them."""

    name = "recurrences"
    promise = "every template has exactly one deal for each date that came, and no deal for any other"

    def __init__(self, *, now: datetime, patience: timedelta) -> None:
        """Report a deal that has been due for longer than `patience` as missing."""
        super().__init__()
        self._now, self._patience = now, patience
        self._due: dict[str, _Due] = {}
        self._created: set[str] = set()
        self._made: dict[str, tuple[str, date | None]] = {}
        self._templates: set[str] = set()

    def take_event(self, event: Envelope[Event]) -> None:
        data = event.data
        if isinstance(data, DealRecurringDue):
            self._due[data.proposed_deal_id] = _Due(data.deal.id, data.planned_for, event.time)
        elif isinstance(data, DealRecurringExposed):
            self._made[data.deal.id] = data.template.id, data.planned_for
        elif isinstance(data, Created):
            self._created.add(data.element.id)

    def take_document(self, stored: Stored) -> None:
        for event in stored.pending(0):
            self.take_event(event)
        if stored.type.noun == "deal" and stored.state.is_recurring:
            self._templates.add(stored.id)
            self.counts["templates"] += 1

    def broken(self) -> Iterator[Finding]:
        for deal, due in self._due.items():
            self.checked += 1
            if deal not in self._created:
                if self._now - due.at > self._patience:
                    yield self._finding(f"deal:{due.template}", f"has no deal for {due.day}, which has come")
            elif self._made.get(deal) != (due.template, due.day):
                yield self._finding(f"deal:{deal}", f"is not the deal of deal:{due.template} for {due.day}")
        for deal, (template, day) in self._made.items():
            self.counts["deals made from templates"] += 1
            if template not in self._templates:
                yield self._finding(f"deal:{deal}", f"was made from deal:{template}, which is no template")
            if day is not None and deal not in self._due:
                yield self._finding(f"deal:{deal}", f"was made for {day}, which deal:{template} never asked for")
