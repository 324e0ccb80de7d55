"""Store the answers to requests with an `Idempotency-Key`.

A key gets the id of the resource to create *before* its request runs. A repeat that finds no stored answer continues
with the same id, so a process that died halfway creates nothing twice. A refused request has written nothing, so it
frees its key: the same body is judged again, and a corrected one is a request of its own (ADR 0031). So does a batch of
which every item was refused (ADR 0048).

An answer is given again to a caller who has the rights that it was made with. With others its request runs again, under
the same id and cause: it does nothing twice, and is answered as these rights allow (ADR 0062).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import Response

from shared.kit.domain import Conflict, NewId
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Update
from shared.kit.storage.errors import DuplicateKey
from shared.kit.storage.inbox import KEYS_KEPT
from shared.kit.storage.indexes import Index
from shared.kit.web.auth import Caller

MAX_KEY = 255
IDEMPOTENCY_INDEXES = (Index([("created_at", 1)], expire_after_s=int(KEYS_KEPT.total_seconds()), name="expiry"),)


@dataclass(frozen=True)
class KeyedRequest:
    """A request with a key.

    Attributes:
        new_id: id for the created resource, the same for all repeats.
        attempt: counts the bodies for which the key was used, each but the last refused.
        answer: of the first request; None where it is not known.
        rights: the mark of the caller's rights now, `Authority.mark`.
    """

    id: str
    body_hash: str
    new_id: str
    attempt: int
    answer: Mapping[str, Any] | None
    rights: str

    @classmethod
    def of(cls, record: Document, rights: str) -> Self:
        """Read a stored record, for a caller whose rights have this mark; an answer made with others is not known."""
        answer = record.get("answer")
        if answer is not None and answer.get("rights", "") != rights:
            answer = None
        return cls(record["_id"], record["body_hash"], record["new_id"], record.get("attempt", 0), answer, rights)

    @property
    def cause(self) -> str:
        """Key of the cause of what it writes: another one for another body, with which it would be no repeat."""
        # Not the caller's key: a document may remember its causes for longer than keys are kept.
        return f"key:{self.new_id}/{self.attempt}" if self.attempt else f"key:{self.new_id}"


class IdempotencyKeys:
    """Keeps the id and the answer of each key's request for 24 hours, by the database's clock."""

    def __init__(self, collection: Collection, *, new_id: NewId) -> None:
        self._collection = collection
        self._new_id = new_id

    async def begin(self, caller: Caller, key: str, body_hash: str, *, rights: str = "") -> KeyedRequest:
        """Create the record of this key, find it, or take it over from a refused request; `rights` is their mark.

        Raises:
            Conflict: the key was used for another request.
        """
        id_ = hashlib.sha256(f"{caller.actor}\n{key}".encode()).hexdigest()
        change = _begun(body_hash, self._new_id())
        try:
            record = await self._collection.update({"_id": id_}, change, upsert=True)
        except DuplicateKey:  # a concurrent request created it
            record = await self._collection.update({"_id": id_}, change)
        if record is None or record["body_hash"] != body_hash:
            raise KeyReused("The Idempotency-Key was used for another request.")
        return KeyedRequest.of(record, rights)

    async def finish(self, keyed: KeyedRequest, response: Response) -> None:
        """Store the answer for repeats; of several the first counts."""
        answer = {
            "status": response.status_code,
            "headers": {n: v for n, v in response.headers.items() if n in {"content-type", "etag", "location"}},
            "body": bytes(response.body),
            "rights": keyed.rights,
        }
        await self._collection.update(_unanswered(keyed), {"$set": {"answer": answer, "is_free": False}})

    async def free(self, keyed: KeyedRequest) -> None:
        """Let the key be used for another body, because this one was refused."""
        await self._collection.update(_unanswered(keyed), {"$set": {"is_free": True}})


def refuse_whole(request: Request) -> None:
    """Note that an answer of success is none: all that the request asked for was refused."""
    request.state.is_refused_whole = True


def is_refused_whole(request: Request) -> bool:
    """Return whether that was noted."""
    return getattr(request.state, "is_refused_whole", False)


def _unanswered(keyed: KeyedRequest) -> Mapping[str, Any]:
    return {"_id": keyed.id, "body_hash": keyed.body_hash, "answer": {"$exists": False}}


def _begun(body_hash: str, new_id: str) -> Update:
    """Set in one write what is missing, or the other body where the key is free."""
    is_other = {"$and": [{"$eq": ["$is_free", True]}, {"$ne": ["$body_hash", body_hash]}]}
    return [
        {
            "$set": {
                "created_at": {"$ifNull": ["$created_at", "$$NOW"]},
                "new_id": {"$ifNull": ["$new_id", new_id]},
                "attempt": {"$add": [{"$ifNull": ["$attempt", 0]}, {"$cond": [is_other, 1, 0]}]},
                "body_hash": {"$cond": [is_other, body_hash, {"$ifNull": ["$body_hash", body_hash]}]},
                "is_free": {"$and": [{"$eq": ["$is_free", True]}, {"$eq": ["$body_hash", body_hash]}]},
            }
        }
    ]


class KeyReused(Conflict):
    """The Idempotency-Key was used for another request within 24 hours."""

    advice = (
        "Make a new key for this request. An old key is for repeating its own request alone, with the same address, "
        "body and If-Match; the body is compared byte for byte, so that the same JSON with other blanks or another "
        "order of its fields is another request. What became of the first one, its record says. Of a batch that was "
        "answered with some items refused, send these alone, with a new key."
    )
    code = "idempotency_key_reused"
