"""Check that every event has exactly one timeline entry for each element that it names (TL-01, TL-11).

Only a digest of each expected entry is kept, so that hundreds of thousands fit into memory. An entry that was bound by
hand exists beside the others as a copy.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from crm_contracts.envelope import Envelope, Event
from crm_contracts.timeline import TimelineEntryBound
from crm_contracts.values import ElementRef

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant
from services.timeline.entry.domain.entry import Entry, entries_of, entry_id

_OWN: Final = {"id", "element", "bound_by_hand"}
"""Fields in which a copy of an entry differs from the original."""


class Timeline(Invariant):
    """Compare entries with those projected from the events: none is missing, superfluous or different."""

    name = "timeline"
    promise = "every event has exactly one timeline entry for each element that it names"

    def __init__(self) -> None:
        super().__init__()
        self._expected: dict[str, bytes] = {}
        self._bound: dict[str, tuple[str, ElementRef]] = {}
        self._bound_events: set[str] = set()
        self._firsts: dict[str, bytes] = {}
        self._copies: dict[str, bytes] = {}
        self._wrong: list[Finding] = []

    def take_event(self, event: Envelope[Event]) -> None:
        for entry in entries_of(event):
            self._expected[entry.id] = _digest(entry)
        if isinstance(event.data, TimelineEntryBound):
            of, element = event.data.entry_event_id, event.data.element
            self._bound[entry_id(of, element)] = of, element
            self._bound_events.add(of)

    def take_entry(self, entry: Entry) -> None:
        """Take an entry, after all events."""
        self.checked += 1
        digest = _digest(entry)
        if entry.bound_by_hand:
            self._copies[entry.id] = digest
            return
        if entry.place == 0 and entry.event_id in self._bound_events:
            self._firsts[entry.event_id] = digest
        expected = self._expected.pop(entry.id, None)
        # An entry may be bound to an element that the event names as well: there is no copy of it.
        self._bound.pop(entry.id, None)
        if expected is None:
            self._wrong.append(
                self._finding(str(entry.element), f"an entry of event {entry.event_id} does not come from its event")
            )
        elif expected != digest:
            detail = f"the entry of event {entry.event_id} differs from its event"
            self._wrong.append(self._finding(str(entry.element), detail))

    def broken(self) -> Iterator[Finding]:
        yield from self._wrong
        for id_ in self._expected:
            event_id, _, element = id_.partition(":")
            yield self._finding(element, f"there is no entry of event {event_id}")
        yield from self._copies_broken()

    def _copies_broken(self) -> Iterator[Finding]:
        for id_, (event_id, element) in self._bound.items():
            copy = self._copies.pop(id_, None)
            if copy is None and event_id in self._firsts:
                yield self._finding(str(element), f"there is no entry of event {event_id}, which was bound to it")
            elif copy is not None and copy != self._firsts.get(event_id):
                yield self._finding(str(element), f"the copied entry of event {event_id} is not like the original")
        for id_ in self._copies:
            event_id, _, name = id_.partition(":")
            yield self._finding(name, f"an entry of event {event_id} was bound to it by no event")


def _digest(entry: Entry) -> bytes:
    return hashlib.blake2b(entry.model_dump_json(exclude=_OWN).encode(), digest_size=8).digest()
