"""Keep aggregates in MongoDB and hint their events to the outbox relay."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from shared.kit.domain import Cause, DomainError, NewId
from shared.kit.fault_points import fault_point
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.errors import DuplicateKey
from shared.kit.storage.inbox import INBOX_SIZE, keyed_after
from shared.kit.storage.repository import BOOKKEEPING, Repository
from shared.kit.storage.stored import A, Stored

Taken: TypeAlias = Callable[[str | None], DomainError]
"""Makes the error of a write that a unique index refused, with the id of the document that has the key."""


class Outbox(Protocol):
    """Publishes the pending events of documents."""

    @property
    def is_full(self) -> bool:
        """Whether too many documents are pending already."""
        ...

    def hint(self, collection: Collection, document: Document) -> None:
        """Publish the pending events of a document that was just written."""
        ...


class MongoRepository(Repository[A]):
    """A repository over a MongoDB collection."""

    def __init__(
        self,
        kind: type[A],
        collection: Collection,
        outbox: Outbox,
        *,
        source: str,
        new_id: NewId,
        outbox_cap: int = 200,
        taken: Mapping[str, Taken] | None = None,
        written: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Tell `written` the id of each document that was written.

        Raise an error of `taken` instead of `DuplicateKey`, by the name of the index that refused the write; it is made
        with the id of the document that has the key, or None where that has gone.
        """
        super().__init__(kind, source=source, new_id=new_id, outbox_cap=outbox_cap)
        self.collection = collection
        self._outbox = outbox
        self._taken = dict(taken or {})
        self._written = written

    def read(self, document: Document) -> A:
        """Convert a document to its aggregate, for read views."""
        return self.kind.model_validate({**document, "id": document["_id"]})

    def _is_backlog_full(self) -> bool:
        return self._outbox.is_full

    async def _load(self, id_: str) -> Stored[A] | None:
        document = await self.collection.get(id_)
        if document is None:
            return None
        return Stored(
            self.read(document),
            frozenset(document["inbox"]),
            document["outbox"],
            document["created_by_cause"],
            "quarantined" in document,
            document.get("keyed", ()),
        )

    async def _insert(self, aggregate: A, cause: str, entries: list[Document]) -> bool:
        state = {
            **aggregate.model_dump(exclude=set(BOOKKEEPING)),
            "version": 1,
            "sequence": aggregate.sequence,
            "created_by_cause": cause,
            "inbox": [cause],
            "outbox": entries,
        }
        # An upsert that can only insert, because `due` must be the server's time and an insert cannot ask for it.
        change: Document = {"$set": state}
        if entries:
            change["$currentDate"] = {"due": True}
        return await self._put({"_id": aggregate.id, "version": 0}, change, 1, entries)

    async def _write(self, loaded: Stored[A], changed: Document, cause: Cause, entries: list[Document]) -> bool:
        aggregate = loaded.aggregate
        change: Document = {
            "$set": {
                **changed,
                "version": aggregate.version + 1,
                "sequence": aggregate.sequence,
            },
            "$push": {"inbox": {"$each": [cause.key], "$slice": -INBOX_SIZE}},
        }
        if cause.has_key:
            change["$set"]["keyed"] = keyed_after(loaded.keyed, cause)
        if entries:
            change["$push"]["outbox"] = {"$each": entries}
            change["$currentDate"] = {"due": True}
        guard = {"_id": aggregate.id, "version": aggregate.version, "inbox": {"$ne": cause.key}}
        # The outbox as it is after this write, but for events published meanwhile.
        hinted = () if loaded.is_quarantined or not entries else (*loaded.outbox, *entries)
        return await self._put(guard, change, aggregate.version + 1, hinted)

    async def _put(self, guard: Filter, change: Document, version: int, hinted: Sequence[Document]) -> bool:
        """Write and hint the outbox entries to the relay; False where the guard did not hold."""
        try:
            done = await self.collection.put(guard, change)
        except DuplicateKey as error:
            if error.index in self._taken:
                raise self._taken[error.index](await self._holder(error)) from error
            raise
        if done:
            fault_point(f"written:{self.collection.name}")
            if hinted:
                self._outbox.hint(self.collection, {"_id": guard["_id"], "version": version, "outbox": list(hinted)})
            self._written(guard["_id"])
        return done

    async def _holder(self, refused: DuplicateKey) -> str | None:
        found = await self.collection.first(refused.key, fields={"_id": 1}) if refused.key else None
        return None if found is None else str(found["_id"])
