"""The state in MongoDB is the state that the events tell of, for every field that events carry.

The surprise: findings name fields, not values, because values are personal data.
"""

from collections.abc import Iterator
from typing import Any

from crm_contracts.envelope import Envelope, Event
from pydantic import ValidationError

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Seen
from deploy.verify.rebuilt import UNSAID, fold, subject_of


class State(Invariant):
    """Events on the topic first, then those that still wait in the document itself."""

    name = "state"
    promise = "state in MongoDB equals state rebuilt from events"

    def __init__(self) -> None:
        super().__init__()
        self._rebuilt: dict[str, tuple[int, dict[str, Any]]] = {}
        self._wrong: list[Finding] = []

    def subscribe(self, event: Envelope[Event]) -> None:
        if event.sequence is None:
            return
        subject = subject_of(event)
        _, known = self._rebuilt.setdefault(subject, (0, {}))
        known.update(fold(known, event))
        self._rebuilt[subject] = (event.sequence, known)

    def see(self, seen: Seen) -> None:
        last, known = self._rebuilt.pop(seen.subject, (0, {}))
        for event in seen.pending(last):
            known.update(fold(known, event))
        try:
            aggregate = seen.aggregate
        except ValidationError as error:
            fields = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}))
            self._wrong.append(self._finding(seen.subject, f"the document cannot be read: {fields}"))
            return
        self.checked += 1
        differ = [name for name, value in known.items() if value is not UNSAID and _at(aggregate, name) != value]
        if differ:
            self._wrong.append(self._finding(seen.subject, f"not as its events say: {', '.join(sorted(differ))}"))

    def broken(self) -> Iterator[Finding]:
        return iter(self._wrong)


def _at(aggregate: Any, path: str) -> Any:
    for name in path.split("."):
        aggregate = getattr(aggregate, name)
    return aggregate
