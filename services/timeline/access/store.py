"""View of every element as far as rights to it depend on it, and searches, kept from its events (PERM-08, CLI-03).

It belongs to no version of the projection: it has one document for each element, which follows from the newest events
however often they come, so a rebuild leaves it as it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from crm_contracts.elements import ELEMENTS
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Deleted, ElementEvent
from crm_contracts.values import ElementRef

from services.timeline.search.domain import FIELDS as SEARCHED
from services.timeline.search.domain import LEFT_OUT, keys_told_by
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.told import FIELDS, access_told_by, accessed_in
from shared.elements.store.access_marks import MARKS
from shared.elements.store.newest import newest
from shared.kit.storage.batching import all_of
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document

ACCESSED: Final = "accessed"
_IS_KNOWN: Final[Document] = {"$and": [{"$ne": [{"$type": f"${name}"}, "missing"]} for name in FIELDS]}
"""Whether all was told that rights depend on: until then no user with a role has rights."""
_KEYS: Final[Document] = {"$setUnion": [{"$ifNull": [f"$keys.{name}", []]} for name in SEARCHED]}
_FOLLOWS: Final[Document] = {
    "access": {"$cond": [_IS_KNOWN, MARKS, []]},
    "search": {"$cond": [{"$eq": [f"${LEFT_OUT}", True]}, [], _KEYS]},
}
"""By what elements are found, from all that was told of them."""


class AccessedElements:
    """One document for each element; what was not told of it is missing, and then no user is known to have rights."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def apply(self, events: Iterable[Envelope[Event]]) -> None:
        """Store what these events tell, in one command; applied before, or late, they change nothing."""
        await all_of(
            self._collection.put({"_id": str(event.data.element)}, _change(event.data.element.type, event, told))
            for event in events
            if isinstance(event.data, ElementEvent)
            and (told := {**access_told_by(event.data), **keys_told_by(event.data)})
        )

    async def is_deleted(self, element: ElementRef) -> bool:
        """Return whether the element was deleted with its timeline (DEAL-19, LEAD-21)."""
        found = await self._collection.get(str(element), {"is_deleted": 1})
        return found is not None and found.get("is_deleted", False)

    async def of(self, refs: Iterable[str]) -> Mapping[str, Accessed]:
        """Find those of these elements of which everything is known, by one query."""
        wanted = list(refs)
        found = await self._collection.get_each(wanted) if wanted else []
        read = ((document["_id"], accessed_in(document)) for document in found)
        return {ref: accessed for ref, accessed in read if accessed is not None}


def _change(type_: str, event: Envelope[Event], told: Mapping[str, Any]) -> list[Document]:
    """Make the update that stores what an event tells, and then what follows from it."""
    always: Document = {"type": type_, "updated_at": {"$max": ["$updated_at", event.time]}}
    if isinstance(event.data, Deleted) and "stage" in ELEMENTS[type_].has:  # that of a client stays (COMP-10)
        always["is_deleted"] = True
    return [{"$set": {**newest(told, event.sequence or 0), **always}}, {"$set": _FOLLOWS}]
