"""What many new records need, read once: the codes of their dictionaries, and the products that they name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_contracts.values import Fields

from shared.elements.domain.dictionary_codes import DictionaryCodes
from shared.elements.domain.product_rows import ProductFacts


@dataclass(frozen=True, slots=True)
class ReadCodes:
    """The codes of all fields of one type."""

    read: DictionaryCodes

    async def codes(self, fields: type[Fields], names: Iterable[str] | None = None) -> DictionaryCodes:
        """Return the codes that these fields may have; of the named ones alone, where there are any."""
        del fields  # of the one type
        return self.read if names is None else self.read.only(names)


@dataclass(frozen=True, slots=True)
class ReadProducts:
    """The products that a batch names."""

    read: Mapping[str, ProductFacts]

    async def facts(self, ids: Iterable[str | None]) -> Mapping[str, ProductFacts]:
        """Find what is known of these products, by id."""
        return {id_: self.read[id_] for id_ in ids if id_ is not None and id_ in self.read}
