"""Requests and answers of the dictionary API."""

from decimal import Decimal
from typing import Annotated, Any

from crm_contracts.dictionaries import DictionaryValue
from crm_contracts.values import Value
from pydantic import Field, StringConstraints

from services.catalog.dictionary.domain.dictionary import Dictionary
from shared.elements.schemas.scalars import Sort
from shared.elements.schemas.strict_types import StrictDecimal
from shared.kit.web.schemas import Input

ValueCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_]{0,49}$"), Field(examples=["TRADE_FAIR"])]
Percent = Annotated[Decimal, StrictDecimal(whole=3, places=4, most=100)]
ValueName = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]


class ValueFieldsIn(Input):
    """Changeable fields of a dictionary's value; absent fields stay unchanged (DICT-02)."""

    name: ValueName = ""
    sort: Sort = 10

    def fields(self) -> dict[str, Any]:
        """Return the given fields."""
        return self.model_dump(exclude_unset=True)


class ValueIn(Input):
    """A new value; its code never changes (DICT-02), nor the rate that a VAT rate has (PROD-11)."""

    code: ValueCode
    name: ValueName
    sort: Sort = 10
    rate: Percent | None = None


class DictionaryOut(Value):
    """A dictionary with its values in their order, and its version."""

    code: str
    name: str
    values: tuple[DictionaryValue, ...]
    version: int

    @classmethod
    def of(cls, dictionary: Dictionary) -> "DictionaryOut":
        """Convert a dictionary."""
        return cls(code=dictionary.id, name=dictionary.name, values=dictionary.values, version=dictionary.version)
