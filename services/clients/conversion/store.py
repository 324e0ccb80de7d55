"""Store claims on phones and e-mails, so that concurrent conversions do not create the same client twice.

A claim is held only until its conversion has created the client. From then on the client is found by a search, so a
conversion searches *after* it has taken its claims.
"""

from collections.abc import Mapping, Sequence

from services.clients.conversion.domain.claim import Claim
from shared.kit.fault_points import fault_point
from shared.kit.storage.batching import Batcher
from shared.kit.storage.collection import GROUP, Collection
from shared.kit.storage.indexes import Index

RESOLUTIONS = "resolutions"
CLAIMS = "claims"
CLAIM_INDEXES = (Index([("resolution_id", 1)], name="by_resolution"),)


class Claims:
    """Unique keys, each held for a client that is about to be created."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._releases: Batcher[str, None] = Batcher(self._release_each, most=GROUP)

    async def take(self, wanted: Mapping[str, Claim]) -> tuple[str, Claim] | None:
        """Claim keys such as `phone:+49…` one after another, in the order in which every conversion takes them.

        Returns:
            None where all are held by their resolution; else the first that is not, with the claim that holds it. The
            keys before it are held.
        """
        left = sorted(wanted)
        while left:
            taken = await self._collection.insert_in_order([{"_id": key, **wanted[key].model_dump()} for key in left])
            fault_point("claimed")
            left = left[taken:]
            found = await self._collection.get(left[0]) if left else None
            if found is None:
                continue  # all are taken, or this one was released in between
            held = Claim.model_validate(found)
            if held.resolution_id != wanted[left[0]].resolution_id:
                return left[0], held
            left.pop(0)
        return None

    async def release(self, resolution_id: str) -> None:
        """Release all claims of one attempt."""
        await self._releases.load(resolution_id)
        fault_point("released")

    async def _release_each(self, resolution_ids: Sequence[str]) -> list[None]:
        await self._collection.delete({"resolution_id": {"$in": list(resolution_ids)}})
        return [None] * len(resolution_ids)
