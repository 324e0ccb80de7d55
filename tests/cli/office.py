"""A small CRM in memory: real aggregates in real repositories, all of whose events are on the topics.

What a test breaks, it breaks in `documents` or in `events` before it asks `judged`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypedDict

from crm_contracts.envelope import Envelope, Event
from crm_contracts.registry import parse

from deploy.verify.aggregates import AGGREGATES
from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored
from shared.kit.domain import Aggregate, Cause
from shared.kit.testing import MemoryRepository
from tests.builders.causes import ANNA, NOON, later, uuids


class By(TypedDict):
    """Who does something, and when; domain methods take it as `**by`."""

    by: str
    at: datetime


class Office:
    """Keeps aggregates of all kinds."""

    def __init__(self) -> None:
        self._repositories: dict[type, MemoryRepository[Any]] = {}
        self._causes = 0
        self.events: list[Envelope[Event]] = []
        self.documents: dict[str, dict[str, Any]] = {}

    @property
    def now(self) -> datetime:
        """When the next thing will happen."""
        return later(self._causes)

    async def add(self, aggregate: Aggregate) -> None:
        """Something that was just created."""
        await self._repository(type(aggregate)).add(aggregate, self._cause())
        self._published(type(aggregate), aggregate.id)

    async def change(self, kind: type[Aggregate], id_: str, *actions: Callable[[Any, By], object]) -> None:
        """Each action is a write of its own, a minute after the one before."""
        for action in actions:
            cause = self._cause()
            by = By(by=cause.actor, at=cause.at)
            await self._repository(kind).change(id_, lambda found, act=action, by=by: act(found, by), cause)  # type: ignore[misc]
        self._published(kind, id_)

    def say(self, event: Event, subject: str = "answer") -> None:
        """An answer of nobody in particular."""
        id_ = f"answer-{len(self.events)}"
        attributes = {"source": "/crm/tests", "time": NOON, "correlation_id": "chain-1", "actor": ANNA}
        self.events.append(Envelope(id=id_, subject=subject, data=event, **attributes))  # type: ignore[arg-type]

    def judged(self, invariant: Invariant) -> list[Finding]:
        """What the invariant finds."""
        for event in self.events:
            invariant.take_event(event)
        for subject, document in self.documents.items():
            invariant.take_document(Stored(AGGREGATES[subject.partition(":")[0]], document))
        return list(invariant.broken())

    def wait(self, subject: str, count: int) -> None:
        """Take the last events of an aggregate back from the topic: they wait in its document."""
        own = [event for event in self.events if event.subject == subject.partition(":")[2]][-count:]
        self.events = [event for event in self.events if event not in own]
        self.documents[subject]["outbox"] = [
            {"id": event.id, "headers": event.headers(), "value": event.body()} for event in own
        ]

    def _published(self, aggregate: type[Aggregate], id_: str) -> None:
        stored = self._repository(aggregate).documents[id_]
        known = {event.id for event in self.events}
        events = [parse(entry["headers"], entry["value"]) for entry in stored["outbox"]]
        self.events += [event for event in events if event is not None and event.id not in known]
        self.documents[f"{aggregate.NOUN}:{id_}"] = {**stored["state"], "_id": id_, "outbox": []}

    def _repository(self, kind: type[Aggregate]) -> MemoryRepository[Any]:
        if kind not in self._repositories:
            self._repositories[kind] = MemoryRepository(kind, source=f"/crm/{kind.NOUN}", new_id=uuids(kind.__name__))
        return self._repositories[kind]

    def _cause(self) -> Cause:
        at = self.now
        self._causes += 1
        return Cause(key=f"cause-{self._causes}", actor=ANNA, at=at, correlation_id="chain-1")
