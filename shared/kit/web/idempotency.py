"""Store the answers to requests with an `Idempotency-Key`.

A key gets the id of the resource to create *before* its request runs. A repeat that finds no stored answer continues
with the same id, so a process that died halfway creates nothing twice.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from shared.kit.domain import Clock, Conflict, NewId
from shared.kit.storage.collection import Collection
from shared.kit.storage.errors import DuplicateKey
from shared.kit.storage.indexes import Index
from shared.kit.web.auth import Caller

MAX_KEY = 255
IDEMPOTENCY_INDEXES = (Index([("created_at", 1)], expire_after_s=24 * 3600, name="expiry"),)


class IdempotencyKeys:
    """Keeps the id and the answer of each key's request for 24 hours."""

    def __init__(self, collection: Collection, *, clock: Clock, new_id: NewId) -> None:
        self._collection = collection
        self._clock = clock
        self._new_id = new_id

    async def begin(self, caller: Caller, key: str, body_hash: str) -> dict[str, Any]:
        """Create the record of this key, or find it.

        Raises:
            Conflict: the key was used for another request.
        """
        id_ = hashlib.sha256(f"{caller.actor}\n{key}".encode()).hexdigest()
        record = {"_id": id_, "body_hash": body_hash, "new_id": self._new_id(), "created_at": self._clock()}
        try:
            await self._collection.insert(record)
        except DuplicateKey:
            found = await self._collection.get(id_)
            if found is not None and found["body_hash"] != body_hash:
                raise _KeyReused("The Idempotency-Key was used for another request.") from None
            record = found or record
        return record

    async def finish(self, record: Mapping[str, Any], response: Response) -> None:
        """Store the answer for repeats."""
        answer = {
            "status": response.status_code,
            "headers": {n: v for n, v in response.headers.items() if n in {"content-type", "etag", "location"}},
            "body": bytes(response.body),
        }
        await self._collection.update({"_id": record["_id"]}, {"$set": {"answer": answer}})


class _KeyReused(Conflict):
    code = "idempotency_key_reused"
