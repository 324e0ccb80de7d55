"""View of the reference data that catalog publishes whole: its dictionaries (DICT-01).

Each event carries all codes of its dictionary, so a dictionary is one document that the newest event replaces: an event
that comes again or late changes nothing. They change seldom and every new record needs them, so a process keeps them in
memory for a moment.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Final

from crm_contracts.dictionaries import DictionaryValueCreated, DictionaryValueDeleted, DictionaryValueUpdated
from crm_contracts.field_spec import dictionary_fields
from crm_contracts.values import Fields

from shared.elements.domain.dictionary_codes import DictionaryCodes
from shared.kit.storage.collection import Collection

DICTIONARIES: Final = "dictionaries"
FRESH_S: Final = 0.5
"""How long codes are kept in memory: another replica may have stored newer ones meanwhile."""


class Reference:
    """Kept from events; answers which codes the fields of an element may have."""

    def __init__(self, collection: Collection | None) -> None:
        """Without a collection nothing is kept, for services whose elements have no field with a dictionary."""
        self._collection = collection
        self._codes: Mapping[str, Sequence[str]] = {}
        self._fresh_until = 0.0

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
            self._fresh_until = 0.0

    async def codes(self, fields: type[Fields], names: Iterable[str] | None = None) -> DictionaryCodes:
        """Find the codes of the fields that have a dictionary, or of the named ones among them."""
        specs = {name: spec for name, spec in dictionary_fields(fields).items() if names is None or name in set(names)}
        if self._collection is None or not specs:
            return DictionaryCodes(specs, {})
        if monotonic() >= self._fresh_until:
            read_at = monotonic()
            self._codes = {each["_id"]: each["codes"] for each in await self._collection.find({})}
            self._fresh_until = read_at + FRESH_S
        return DictionaryCodes(specs, self._codes)
