"""Claims on phones and e-mails: they keep two conversions at the same moment from making the same client twice.

The surprise: a claim lives only while its conversion creates. As soon as the client is there, finding it is a matter of
searching, so whoever gets a claim must search *after* that.
"""

from collections.abc import Sequence

from services.clients.domain.resolution import Claim
from shared.kit.fault_points import fault_point
from shared.kit.storage.batching import Batcher
from shared.kit.storage.collection import GROUP, Collection
from shared.kit.storage.indexes import Index

CLAIM_INDEXES = (Index([("resolution_id", 1)], name="by_resolution"),)


class Claims:
    """A unique key each, held for a client that is about to be created."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._releases: Batcher[str, None] = Batcher(self._release_each, most=GROUP)

    async def take(self, keys: Sequence[str], claim: Claim) -> tuple[str, Claim] | None:
        """Claim keys such as `phone:+49…` one after another: None where all are ours now.

        Else the first that is not, and the claim of whoever has it; those before it are ours.
        """
        left = list(keys)
        while left:
            taken = await self._collection.insert_in_order([{"_id": key, **claim.model_dump()} for key in left])
            fault_point("claimed")
            left = left[taken:]
            found = await self._collection.get(left[0]) if left else None
            if found is None:
                continue  # all taken, or this one released in between
            held = Claim.model_validate(found)
            if held.resolution_id != claim.resolution_id:
                return left[0], held
            left.pop(0)
        return None

    async def release(self, resolution_id: str) -> None:
        """Give up all claims of one attempt."""
        await self._releases.ask(resolution_id)
        fault_point("released")

    async def _release_each(self, resolution_ids: Sequence[str]) -> list[None]:
        await self._collection.delete({"resolution_id": {"$in": list(resolution_ids)}})
        return [None] * len(resolution_ids)
