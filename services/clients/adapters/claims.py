"""Claims on phones and e-mails: they keep two conversions at the same moment from making the same client twice.

The surprise: a claim lives only while its conversion creates. As soon as the client is there, finding it is a matter of
searching, so whoever gets a claim must search *after* that.
"""

from crm_contracts.values import ElementRef

from shared.kit.mongo import Collection, DuplicateKey, Index
from shared.kit.testing import fault_point

CLAIM_INDEXES = (Index([("resolution_id", 1)], name="by_resolution"),)


class Claims:
    """A unique key each, held for a client that is about to be created."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def take(self, key: str, holder: ElementRef, resolution_id: str) -> ElementRef | None:
        """Claim a key such as `phone:+49…`: None where it is ours now, else the future client of whoever has it."""
        while True:
            try:
                await self._collection.insert(
                    {
                        "_id": key,
                        "holder": {"type": holder.type, "id": holder.id},
                        "resolution_id": resolution_id,
                    }
                )
            except DuplicateKey:
                found = await self._collection.get(key)
                if found is None:
                    continue  # released in between
                if found["resolution_id"] == resolution_id:
                    return None
                return ElementRef.model_validate(found["holder"])
            fault_point("claimed")
            return None

    async def release(self, resolution_id: str) -> None:
        """Give up all claims of one attempt."""
        await self._collection.delete({"resolution_id": resolution_id})
        fault_point("released")
