"""Check that the state in MongoDB is the state rebuilt from events, for every field that events carry.

Findings name fields, not values: values are personal data.
"""

from collections.abc import Iterator
from typing import Any

from crm_contracts.envelope import Envelope, Event
from pydantic import ValidationError

from deploy.verify.aggregates import subject_of
from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored
from deploy.verify.rebuilt import fold
from deploy.verify.special_folds import UNKNOWN


class State(Invariant):
    """Fold the events on the topic, then those that still wait in the document, and compare."""

    name = "state"
    promise = "state in MongoDB equals state rebuilt from events"

    def __init__(self) -> None:
        super().__init__()
        self._rebuilt: dict[str, tuple[int, dict[str, Any]]] = {}
        self._wrong: list[Finding] = []

    def take_event(self, event: Envelope[Event]) -> None:
        if event.sequence is None:
            return
        subject = subject_of(event)
        _, known = self._rebuilt.setdefault(subject, (0, {}))
        known.update(fold(known, event))
        self._rebuilt[subject] = (event.sequence, known)

    def take_document(self, stored: Stored) -> None:
        last, known = self._rebuilt.pop(stored.subject, (0, {}))
        for event in stored.pending(last):
            known.update(fold(known, event))
        try:
            state = stored.state
        except ValidationError as error:
            fields = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}))
            self._wrong.append(self._finding(stored.subject, f"the document cannot be read: {fields}"))
            return
        self.checked += 1
        differ = [name for name, value in known.items() if value is not UNKNOWN and _at(state, name) != value]
        if differ:
            self._wrong.append(self._finding(stored.subject, f"differs from its events: {', '.join(sorted(differ))}"))

    def broken(self) -> Iterator[Finding]:
        return iter(self._wrong)


def _at(state: Any, path: str) -> Any:
    for name in path.split("."):
        state = getattr(state, name)
    return state
