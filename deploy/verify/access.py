"""Check that timeline knows of each element who may read it, and what finds it, by its events (PERM-08, CLI-03).

Findings name fields, not values: what finds an element is personal data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_contracts.elements import ELEMENTS
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Deleted, ElementEvent

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant
from services.timeline.search.domain import FIELDS as SEARCHED
from services.timeline.search.domain import LEFT_OUT, keys_told_by
from shared.elements.domain.rights.told import access_told_by, accessed_in
from shared.kit.storage.documents import Document


@dataclass
class _Known:
    """What the events of an element tell of it."""

    type: str
    updated_at: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    is_deleted: bool = False

    def apply(self, event: Envelope[Event], told: Mapping[str, Any]) -> None:
        self.updated_at = max(self.updated_at, event.time)
        self.is_deleted |= isinstance(event.data, Deleted) and "stage" in ELEMENTS[self.type].has
        self.fields.update(told)

    def shown(self) -> dict[str, Any]:
        """The fields of its document, with what follows from them."""
        accessed = accessed_in(self.fields)
        keys = [key for name in SEARCHED for key in self.fields.get(f"keys.{name}", ())]
        return {
            **{name: _plain(value) for name, value in self.fields.items()},
            "type": self.type,
            "updated_at": self.updated_at,
            "is_deleted": self.is_deleted,
            "access": set() if accessed is None else set(accessed.marks),
            "search": set() if self.fields.get(LEFT_OUT) else set(keys),
        }


class Access(Invariant):
    """Fold what events tell of rights and searches, and compare timeline's view of elements."""

    name = "access"
    promise = "timelines and searches know who may read each element, and what finds it, as its events say"

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, _Known] = {}
        self._wrong: list[Finding] = []

    def take_event(self, event: Envelope[Event]) -> None:
        data = event.data
        told = {**access_told_by(data), **keys_told_by(data)}
        if told and isinstance(data, ElementEvent):
            known = self._known.setdefault(str(data.element), _Known(data.element.type, event.time))
            known.apply(event, told)

    def take_element(self, document: Document) -> None:
        """Take an element as timeline knows it, after all events."""
        self.checked += 1
        known = self._known.pop(document["_id"], None)
        if known is None:
            self._wrong.append(self._finding(document["_id"], "timeline knows an element that no event tells of"))
            return
        differ = [name for name, value in known.shown().items() if _at(document, name) != value]
        if differ:
            fields = ", ".join(sorted(differ))
            self._wrong.append(
                self._finding(document["_id"], f"timeline knows it other than its events tell: {fields}")
            )

    def broken(self) -> Iterator[Finding]:
        yield from self._wrong
        for element in self._known:
            yield self._finding(element, "timeline does not know who may read it")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _at(document: Document, path: str) -> Any:
    """The value at a path as it is compared: what follows has no order, and what was not deleted may say nothing."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if path in {"access", "search"}:
        return None if value is None else set(value)
    return bool(value) if path == "is_deleted" else value
