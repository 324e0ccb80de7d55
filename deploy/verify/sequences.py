"""Check that the events of each aggregate are on its topic in order, without a gap, as many as its document counts."""

from collections.abc import Iterator

from crm_contracts.envelope import Envelope, Event

from deploy.verify.aggregates import subject_of
from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored


class Sequences(Invariant):
    """Require sequences contiguous from 1. Answers without a sequence belong to no aggregate's history."""

    name = "sequences"
    promise = "the events of each aggregate stand on its topic in order, without a gap, and none is lost"

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, int] = {}
        self._seen = 0
        self._wrong: list[Finding] = []

    def take_event(self, event: Envelope[Event]) -> None:
        if event.sequence is None:
            return
        subject = subject_of(event)
        last = self._last.get(subject, 0)
        if event.sequence != last + 1:
            before = f"event {last}" if last else "the beginning"
            self._wrong.append(self._finding(subject, f"after {before} comes event {event.sequence} on the topic"))
        self._last[subject] = max(last, event.sequence)
        self.checked += 1

    def take_document(self, stored: Stored) -> None:
        published = self._last.pop(stored.subject, 0)
        waiting = [event.sequence for event in stored.pending(published)]
        counted = int(stored.document.get("sequence", 0))
        if waiting != list(range(published + 1, counted + 1)):
            detail = f"events counted by the document: {counted}, on the topic: {published}, waiting: {len(waiting)}"
            self._wrong.append(self._finding(stored.subject, detail))

    def broken(self) -> Iterator[Finding]:
        yield from self._wrong
        for subject, last in self._last.items():
            yield self._finding(subject, f"events on the topic: {last}, but there is no document")
