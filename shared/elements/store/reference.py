"""View of the reference data that catalog publishes whole: its dictionaries (DICT-01).

Each event carries all codes of its dictionary, so a dictionary is one document that the newest event replaces: an event
that comes again or late changes nothing. They change seldom and every new record needs them, so a process keeps them in
memory for a moment.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from crm_contracts.dictionaries import DictionaryValueCreated, DictionaryValueDeleted, DictionaryValueUpdated
from crm_contracts.field_spec import dictionary_fields
from crm_contracts.values import Fields

from shared.elements.domain.dictionary_codes import DictionaryCodes
from shared.kit.storage.collection import Collection
from shared.kit.storage.kept import Kept

DICTIONARIES: Final = "dictionaries"


class Reference:
    """Kept from events; answers which codes the fields of an element may have."""

    def __init__(self, collection: Collection | None) -> None:
        """Without a collection nothing is kept, for services whose elements have no field with a dictionary."""
        self._collection = collection
        self._codes = Kept(self._read)

    @classmethod
    def of(cls, collection: Callable[[str], Collection], *fields: type[Fields]) -> "Reference":
        """Open the view that elements with these fields need; `collection` opens one by name."""
        needed = any(dictionary_fields(each) for each in fields)
        return cls(collection(DICTIONARIES) if needed else None)

    @property
    def is_kept(self) -> bool:
        """Whether any field needs it."""
        return self._collection is not None

    async def apply(
        self, event: DictionaryValueCreated | DictionaryValueUpdated | DictionaryValueDeleted, *, sequence: int
    ) -> None:
        """Store the codes; where a newer event was applied before, nothing changes."""
        if self._collection is not None:
            await self._collection.put(
                {"_id": event.dictionary.id, "told": {"$not": {"$gte": sequence}}},
                {"$set": {"codes": list(event.codes), "told": sequence}},
            )
            self._codes.forget()

    async def codes(self, fields: type[Fields], names: Iterable[str] | None = None) -> DictionaryCodes:
        """Find the codes of the fields that have a dictionary, or of the named ones among them."""
        specs = {name: spec for name, spec in dictionary_fields(fields).items() if names is None or name in set(names)}
        return DictionaryCodes(specs, await self._codes.get() if specs else {})

    async def _read(self) -> Mapping[str, Sequence[str]]:
        found = [] if self._collection is None else await self._collection.find({})
        return {each["_id"]: each["codes"] for each in found}
