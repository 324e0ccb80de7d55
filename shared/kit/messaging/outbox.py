"""Pending events of a document, and the indexes that find documents with any."""

from dataclasses import dataclass
from typing import Self

from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index

OUTBOX_INDEXES = (
    Index([("due", 1)], sparse=True, name="due"),
    Index([("quarantined.at", 1)], sparse=True, name="quarantined"),
)

ROUND = 500
ROUND_BYTES = 8 * 1024 * 1024
"""Bytes that a round holds in memory and in the producer at most, one document apart, which may be larger."""


@dataclass(frozen=True)
class Pending:
    """The pending prefix of one document, as of one version."""

    collection: Collection
    topic: str
    id: str
    version: int
    entries: tuple[Document, ...]

    @classmethod
    def of(cls, collection: Collection, topic: str, document: Document) -> Self | None:
        """Read the pending prefix of a document; None where it has none or is quarantined."""
        if not document.get("outbox") or "quarantined" in document:
            return None
        return cls(collection, topic, document["_id"], document["version"], tuple(document["outbox"]))

    @property
    def key(self) -> tuple[str, str]:
        """Names the document among those of all collections."""
        return self.collection.name, self.id

    @property
    def size(self) -> int:
        """Bytes of its events."""
        return sum(len(entry["value"]) for entry in self.entries)
