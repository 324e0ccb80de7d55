"""View of the names of contacts and companies, kept from the events about them, to show what elements link (CLI-01).

Each event carries the whole name of its moment, so a client is one document that the newest event replaces: an event
that comes again or late changes nothing.
"""

from collections.abc import Iterable
from typing import Final

from crm_contracts.values import ElementRef

from shared.elements.domain.client_names import Names
from shared.kit.storage.collection import Collection

CLIENT_NAMES: Final = "client_names"


class ClientNames:
    """The service's own view of what contacts and companies are called."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def of(self, clients: Iterable[ElementRef]) -> Names:
        """Find the current names of these clients by one query, or by none where there are no clients."""
        wanted = sorted({str(client) for client in clients})
        found = await self._collection.get_each(wanted) if wanted else []
        return {document["_id"]: document["title"] for document in found if document["title"] is not None}

    async def keep(self, client: ElementRef, *, sequence: int) -> None:
        """Store the name of a client, or that it has none any more, unless a newer event has set it."""
        await self._collection.put(
            {"_id": str(client), "sequence": {"$not": {"$gte": sequence}}},
            {"$set": {"title": client.title, "sequence": sequence}},
        )
