"""The base class of all invariants: it takes events, then documents, and judges.

An invariant fetches nothing, so that a test can give it any events and documents.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event

from deploy.verify.aggregates import AggregateType
from deploy.verify.findings import Finding
from shared.kit.storage.documents import Document

READ_FIELDS: Final = {"inbox": 0}
"""Projection of an aggregate's document: all but the keys of its causes."""


@dataclass(frozen=True)
class Stored:
    """An aggregate as it is stored."""

    type: AggregateType
    document: Document

    @property
    def id(self) -> str:
        """Id of the aggregate."""
        return str(self.document["_id"])

    @property
    def subject(self) -> str:
        """The aggregate as findings name it."""
        return f"{self.type.noun}:{self.id}"

    @property
    def outbox(self) -> Sequence[Mapping[str, Any]]:
        """Events that wait to be published, or are published and not yet removed."""
        return self.document.get("outbox") or ()

    @cached_property
    def state(self) -> Any:
        """The document as its type reads it.

        Raises:
            ValidationError: it cannot be read.
        """
        return self.type.document.model_validate({**self.document, "id": self.id})

    def pending(self, after: int) -> Iterator[Envelope[Event]]:
        """Return the events of the outbox with a sequence higher than this one."""
        for entry in self.outbox:
            if int(entry["headers"]["ce_sequence"]) > after:
                event = registry.parse(entry["headers"], bytes(entry["value"]))
                if event is not None:
                    yield event


class Invariant(ABC):
    """One promise of the system."""

    name: ClassVar[str]
    promise: ClassVar[str]

    def __init__(self) -> None:
        self.checked = 0
        self.counts: Counter[str] = Counter()

    def take_event(self, event: Envelope[Event]) -> None:  # noqa: B027 - one may judge by documents alone
        """Take an event: first occurrences only, those of one aggregate in their order on the topic."""

    def take_document(self, stored: Stored) -> None:  # noqa: B027 - or by something else
        """Take an aggregate, after all events."""

    @abstractmethod
    def broken(self) -> Iterator[Finding]:
        """Judge, after everything."""

    def _finding(self, subject: str, detail: str) -> Finding:
        return Finding(self.name, subject, detail)
