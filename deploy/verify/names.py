"""Check that services which show linked clients know the names that these have by their events (CLI-01).

Findings name clients, not their names: those are personal data.
"""

from collections.abc import Iterator
from typing import Final

from crm_contracts.elements import COMPANY, CONTACT
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Created, Deleted, ElementEvent, Merged, Replaced, Updated

from deploy.verify.aggregates import AGGREGATES
from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant
from shared.kit.storage.documents import Document

NAMING_SERVICES: Final = sorted({each.service for each in AGGREGATES.values() if "client" in each.has})
"""Services whose elements link clients, and that keep a view of clients' names therefore."""


class Names(Invariant):
    """Fold the names of contacts and companies, and compare each service's view of them."""

    name = "names"
    promise = "every service that shows linked clients knows the names that they have now"

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, str | None] = {}
        self._kept: dict[str, dict[str, str | None]] = {service: {} for service in NAMING_SERVICES}

    def take_event(self, event: Envelope[Event]) -> None:
        data = event.data
        if not isinstance(data, ElementEvent) or data.element.type not in {CONTACT.noun, COMPANY.noun}:
            return
        if isinstance(data, Created | Updated | Merged):
            self._names[str(data.element)] = data.element.title
        elif isinstance(data, Deleted | Replaced):
            self._names[str(data.element)] = None

    def take_name(self, service: str, document: Document) -> None:
        """Take a name as a service keeps it, after all events."""
        self._kept[service][document["_id"]] = document["title"]
        self.checked += 1

    def broken(self) -> Iterator[Finding]:
        for service, kept in self._kept.items():
            for client, name in self._names.items():
                if client not in kept:
                    yield self._finding(client, f"{service} has not heard of its name")
                elif kept[client] != name:
                    yield self._finding(client, f"{service} shows another name than its events tell")
            for client in sorted(kept.keys() - self._names.keys()):
                yield self._finding(client, f"{service} shows a name that no event tells")
