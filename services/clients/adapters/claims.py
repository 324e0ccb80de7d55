"""Claims on phones and e-mails: they keep two conversions at the same moment from making the same client twice.

The surprise: a claim lives only while its conversion creates. As soon as the client is there, finding it is a matter of
searching, so whoever gets a claim must search *after* that.
"""

from services.clients.domain.resolution import Claim
from shared.kit.mongo import Collection, DuplicateKey, Index
from shared.kit.testing import fault_point

CLAIM_INDEXES = (Index([("resolution_id", 1)], name="by_resolution"),)


class Claims:
    """A unique key each, held for a client that is about to be created."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def take(self, key: str, claim: Claim) -> Claim | None:
        """Claim a key such as `phone:+49…`: None where it is ours now, else the claim of whoever has it."""
        while True:
            try:
                await self._collection.insert({"_id": key, **claim.model_dump()})
            except DuplicateKey:
                found = await self._collection.get(key)
                if found is None:
                    continue  # released in between
                held = Claim.model_validate(found)
                return None if held.resolution_id == claim.resolution_id else held
            fault_point("claimed")
            return None

    async def release(self, resolution_id: str) -> None:
        """Give up all claims of one attempt."""
        await self._collection.delete({"resolution_id": resolution_id})
        fault_point("released")
