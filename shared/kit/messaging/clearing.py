"""Remove published events from their documents."""

from collections.abc import Iterable

from shared.kit.messaging.outbox import Pending
from shared.kit.storage.documents import Document


class OutboxCleaner:
    """Collects published prefixes, and removes them from many documents in one round trip."""

    def __init__(self) -> None:
        self._published: dict[tuple[str, str], Pending] = {}

    def add(self, published: Iterable[Pending]) -> None:
        """Remember the prefixes, of each document that of the newest version."""
        for pending in published:
            known = self._published.get(pending.key)
            if known is None or known.version < pending.version:
                self._published[pending.key] = pending

    async def clear(self) -> None:
        """Remove the prefixes; where this fails, the sweeper finds the documents and sends them again."""
        by_collection: dict[str, list[Pending]] = {}
        for key in list(self._published):
            by_collection.setdefault(key[0], []).append(self._published.pop(key))
        for group in by_collection.values():
            collection = group[0].collection
            # Safe only because every push raises `version`: the document is as it was published.
            unset = {"$set": {"outbox": []}, "$unset": {"due": "", "refusals": ""}}
            matched = await collection.update_each(
                [({"_id": pending.id, "version": pending.version}, unset) for pending in group]
            )
            if matched < len(group):
                await collection.update_each([_pull(pending) for pending in group])


def _pull(pending: Pending) -> tuple[Document, list[Document]]:
    """Build the update that removes exactly what was published, and `due` with the last event."""
    ids = [entry["id"] for entry in pending.entries]
    left = {"$filter": {"input": "$outbox", "cond": {"$not": [{"$in": ["$$this.id", ids]}]}}}
    due = {"$cond": [{"$eq": ["$outbox", []]}, "$$REMOVE", "$due"]}
    return {"_id": pending.id, "outbox.id": {"$in": ids}}, [{"$set": {"outbox": left}}, {"$set": {"due": due}}]
