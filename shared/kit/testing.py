"""In-memory repository for tests of use cases; production code does not import it."""

from typing import Any

from shared.kit.domain import Cause, NewId
from shared.kit.storage.documents import Document
from shared.kit.storage.inbox import INBOX_SIZE, keyed_after
from shared.kit.storage.repository import Repository
from shared.kit.storage.stored import A, Stored


class MemoryRepository(Repository[A]):
    """A repository over a dict, which passes the tests of the real one."""

    def __init__(self, kind: type[A], *, source: str, new_id: NewId, outbox_cap: int = 200) -> None:
        super().__init__(kind, source=source, new_id=new_id, outbox_cap=outbox_cap)
        self.documents: dict[str, dict[str, Any]] = {}

    async def _load(self, id_: str) -> Stored[A] | None:
        document = self.documents.get(id_)
        if document is None:
            return None
        aggregate = self.kind.model_validate({**document["state"], "id": id_})
        return Stored(
            aggregate,
            frozenset(document["inbox"]),
            document["outbox"],
            document["created_by_cause"],
            keyed=document.get("keyed", ()),
        )

    async def _insert(self, aggregate: A, cause: str, entries: list[Document]) -> bool:
        if aggregate.id in self.documents:
            return False
        state = {**aggregate.model_dump(), "version": 1}
        self.documents[aggregate.id] = {
            "state": state,
            "inbox": [cause],
            "outbox": entries,
            "created_by_cause": cause,
        }
        return True

    async def _write(self, loaded: Stored[A], changed: Document, cause: Cause, entries: list[Document]) -> bool:
        aggregate = loaded.aggregate
        document = self.documents[aggregate.id]
        if document["state"]["version"] != aggregate.version or cause.key in document["inbox"]:
            return False
        written = {"version": aggregate.version + 1, "sequence": aggregate.sequence}
        document["state"] = {**document["state"], **changed, **written}
        document["inbox"] = [*document["inbox"], cause.key][-INBOX_SIZE:]
        if cause.has_key:
            document["keyed"] = keyed_after(loaded.keyed, cause)
        document["outbox"] = [*document["outbox"], *entries]
        return True
