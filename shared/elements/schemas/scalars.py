"""Scalar types of request bodies, with their bounds."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from shared.elements.domain.currencies import CURRENCIES
from shared.elements.schemas.strict_types import WHOLE, StrictDate, StrictDatetime, StrictDecimal
from shared.kit.domain import is_derived

Code = Annotated[str, StringConstraints(min_length=1, max_length=50)]


UserId = Annotated[str, StringConstraints(min_length=1, max_length=100)]


OriginPart = Annotated[str, StringConstraints(min_length=1, max_length=255)]


ElementId = Annotated[str, StringConstraints(min_length=1, max_length=100)]


Quantity = Annotated[Decimal, StrictDecimal(whole=9, places=6, positive=True)]


def _existing(code: str) -> str:
    if code not in CURRENCIES:
        raise PydanticCustomError("unknown_currency", "There is no such currency in ISO 4217")
    return code


Currency = TypeAliasType(
    "Currency",
    Annotated[str, AfterValidator(_existing), WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES)})],
)
"""A code of ISO 4217; it has a name so that API descriptions list the codes once."""


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["DE"])]


UnitPrice = Annotated[Decimal, StrictDecimal(whole=12, places=4)]


Amount = Annotated[Decimal, StrictDecimal(whole=14, places=4)]


Sort = Annotated[int, Field(ge=0, le=10**6), WHOLE]


RoleId = Annotated[int, Field(ge=0, le=10**6), WHOLE]


Name = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]


Title = Annotated[str, StringConstraints(max_length=255, strip_whitespace=True)]


Text = Annotated[str, StringConstraints(max_length=20_000)]


def _past(day: date) -> date:
    if day > datetime.now(UTC).date():
        message = "must not lie in the future"
        raise ValueError(message)
    return day


PastDate = Annotated[StrictDate, AfterValidator(_past)]


WebAddress = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^https?://\S+$"),
    Field(examples=["https://acme.example"]),
]


def _stored(at: datetime) -> datetime:
    """UTC, and no finer than the database keeps it."""
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


Moment = Annotated[StrictDatetime, AfterValidator(_stored)]


def _chosen(id_: str) -> str:
    if is_derived(id_):
        code, message = "id_reserved", "ids of version 5 are derived by the system: choose one of version 4 or 7"
        raise PydanticCustomError(code, message)
    return id_


NewId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    AfterValidator(_chosen),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-46-9a-f][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$",
            "examples": ["0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a10"],
        }
    ),
]
"""An id that the caller chose in advance: any UUID in its canonical form, but of the version that the system derives.

Who could choose a derived id would get the record that an import or a conversion is about to create under it.
"""
