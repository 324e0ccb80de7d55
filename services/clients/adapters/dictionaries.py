"""What clients has heard of the catalog's dictionaries (DICT-01).

The surprise: a dictionary is one document, which the newest event replaces: each says all codes. So an event that comes
again or late changes nothing, a value that was deleted stays so, and nobody ever sees half of the seeds.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from crm_contracts.dictionaries import DictionaryValueCreated, DictionaryValueDeleted, DictionaryValueUpdated

from services.clients.domain.codes import Codes
from shared.kit.storage.collection import Collection

DICTIONARIES: Final = "dictionaries"


class Dictionaries:
    """A view, kept from events."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def note(
        self, said: DictionaryValueCreated | DictionaryValueUpdated | DictionaryValueDeleted, *, sequence: int
    ) -> None:
        """Keep the codes as they are now; told by something newer already, it changes nothing."""
        await self._collection.put(
            {"_id": said.dictionary.id, "told": {"$not": {"$gte": sequence}}},
            {"$set": {"codes": list(said.codes), "told": sequence}},
        )

    async def codes(self, dictionaries: Mapping[str, str], fields: Iterable[str] | None = None) -> Codes:
        """What may be chosen for fields of which each has a dictionary; for these of them alone, where named."""
        asked = {name: each for name, each in dictionaries.items() if fields is None or name in fields}
        documents = await asyncio.gather(*(self._collection.get(each) for each in asked.values()))
        heard: dict[str, Sequence[str]] = {each["_id"]: each["codes"] for each in documents if each is not None}
        return Codes(asked, heard)
