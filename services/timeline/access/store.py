"""View of every element as far as rights to it depend on it, kept from its events (PERM-08).

It belongs to no version of the projection: it has one document for each element, which follows from the newest events
however often they come, so a rebuild leaves it as it is.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import ElementEvent

from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.told import access_told_by, accessed_in
from shared.elements.store.newest import newest
from shared.kit.storage.batching import all_of
from shared.kit.storage.collection import Collection

ACCESSED: Final = "accessed"


class AccessedElements:
    """One document for each element; what was not told of it is missing, and then no user is known to have rights."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def apply(self, events: Iterable[Envelope[Event]]) -> None:
        """Store what these events tell, in one command; applied before, or late, they change nothing."""
        await all_of(
            self._collection.put({"_id": str(event.data.element)}, [{"$set": newest(told, event.sequence or 0)}])
            for event in events
            if isinstance(event.data, ElementEvent) and (told := access_told_by(event.data))
        )

    async def of(self, refs: Iterable[str]) -> Mapping[str, Accessed]:
        """Find those of these elements of which everything is known, by one query."""
        wanted = list(refs)
        found = await self._collection.get_each(wanted) if wanted else []
        read = ((document["_id"], accessed_in(document)) for document in found)
        return {ref: accessed for ref, accessed in read if accessed is not None}
