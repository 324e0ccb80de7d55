"""What every invariant is: something that hears the log, sees the data, and judges.

The surprise: an invariant fetches nothing. It is given events, then documents, so that a test can give it any.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event

from deploy.verify.findings import Finding
from deploy.verify.kinds import Kind
from shared.kit.storage.documents import Document

OWN_FIELDS: Final = {"inbox": 0}
"""What verification reads of an aggregate's document: all but the causes."""


@dataclass(frozen=True)
class Seen:
    """An aggregate as its document has it."""

    kind: Kind
    document: Document

    @property
    def id(self) -> str:
        """The aggregate's."""
        return str(self.document["_id"])

    @property
    def subject(self) -> str:
        """As findings name it."""
        return f"{self.kind.name}:{self.id}"

    @property
    def outbox(self) -> Sequence[Mapping[str, Any]]:
        """Events that wait to be published, or have been and were not yet taken out."""
        return self.document.get("outbox") or ()

    @cached_property
    def aggregate(self) -> Any:
        """As its service reads it.

        Raises:
            ValidationError: the service could not.
        """
        return self.kind.aggregate.model_validate({**self.document, "id": self.id})

    def pending(self, after: int) -> Iterator[Envelope[Event]]:
        """Events of the outbox with a sequence higher than this one."""
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

    def subscribe(self, event: Envelope[Event]) -> None:  # noqa: B027 - one may judge by documents alone
        """Take an event: first occurrences only, those of one aggregate in their order on the topic."""

    def see(self, seen: Seen) -> None:  # noqa: B027 - or by something else
        """Take an aggregate, after all events."""

    @abstractmethod
    def broken(self) -> Iterator[Finding]:
        """Judge, after everything."""

    def _finding(self, subject: str, detail: str) -> Finding:
        return Finding(self.name, subject, detail)
