"""Collection of the dictionaries, and the codes of the fields of catalog's own elements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from crm_contracts.field_spec import dictionary_fields
from crm_contracts.values import Fields

from services.catalog.dictionary.domain.dictionary import Dictionary
from shared.elements.domain.dictionary_codes import DictionaryCodes
from shared.elements.usecases.read_once import ReadCodes
from shared.kit.storage.repository import Repository

DICTIONARIES = "dictionaries"
VAT = "vat"


@dataclass(frozen=True, slots=True)
class ReadDictionaries(ReadCodes):
    """All that a product needs of the dictionaries, read once for many products."""

    rates: Mapping[str, Decimal | None]

    async def vat_rate(self, code: str) -> Decimal | None:
        """Find the percentage of a VAT rate; None where there is no such rate."""
        return self.rates.get(code)


class OwnDictionaries:
    """What the other services keep as a view, read where it is written."""

    def __init__(self, dictionaries: Repository[Dictionary]) -> None:
        self._dictionaries = dictionaries

    async def codes(self, fields: type[Fields], names: Iterable[str] | None = None) -> DictionaryCodes:
        """Find the codes of the fields that have a dictionary, or of the named ones among them."""
        wanted = None if names is None else set(names)
        specs = {name: spec for name, spec in dictionary_fields(fields).items() if wanted is None or name in wanted}
        found = [await self._dictionaries.find(spec.dictionary or "") for spec in specs.values()]
        return DictionaryCodes(
            specs, {each.id: [value.code for value in each.values] for each in found if each is not None}
        )

    async def vat_rate(self, code: str) -> Decimal | None:
        """Find the percentage of a VAT rate; None where there is no such rate."""
        return (await self._rates()).get(code)

    async def read(self, fields: type[Fields]) -> ReadDictionaries:
        """Read all dictionaries of these fields, for many records."""
        return ReadDictionaries(await self.codes(fields), await self._rates())

    async def _rates(self) -> dict[str, Decimal | None]:
        rates = await self._dictionaries.find(VAT)
        return {value.code: value.rate for value in rates.values} if rates else {}
