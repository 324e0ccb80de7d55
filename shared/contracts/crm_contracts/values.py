"""Values that events and elements are made of.

Money is a *decimal string* on the wire (`"1234.50"`), never a float; references carry the title of that moment, which
may be stale or null when they are read.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

StageSemantic = Literal["P", "S", "F"]


LinkState = Literal["none", "pending", "done", "refused"]


OnDuplicate = Literal["create", "link", "reject"]


ConversionTarget = Literal["contact", "company", "deal"]


MAX_DIGITS = 1_000


def _writable(value: Decimal) -> Decimal:
    # `1e999999999` is short to read, and a gigabyte to write.
    if abs(value.adjusted()) > MAX_DIGITS:
        message = f"more than {MAX_DIGITS} digits"
        raise ValueError(message)
    return value


def _plain(value: Decimal) -> str:
    return f"{value:f}"


Exact = Annotated[Decimal, AfterValidator(_writable), PlainSerializer(_plain, return_type=str, when_used="json")]
"""A decimal number that is a string on the wire, without an exponent."""


class Value(BaseModel):
    """Equal by content, never changed in place."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Fields(BaseModel):
    """A group of an element's fields, shared by its state and by the before and after of its changes."""

    model_config = ConfigDict(extra="ignore")


def _set_fields(fields: BaseModel) -> dict[str, Any]:
    # Not `exclude_unset`: it would also leave out the defaults inside of a changed value.
    return fields.model_dump(mode="json", include=set(fields.model_fields_set))


def changed_fields(fields: BaseModel) -> dict[str, Any]:
    """Return the fields of a `ChangedFields` value that changed, as they are in Python."""
    return {name: getattr(fields, name) for name in type(fields).model_fields if name in fields.model_fields_set}


ChangedFields = PlainSerializer(_set_fields, return_type=dict[str, Any], when_used="json")
"""Marks a `Fields` value that carries only the fields that changed: the others are absent on the wire."""


class Money(Value):
    """An amount in one currency."""

    value: Exact = Field(default=Decimal(0), examples=["1234.50"])
    currency: str = Field(description="ISO 4217 code", examples=["EUR"])


class ElementRef(Value):
    """A pointer to an element of any service."""

    type: str = Field(examples=["deal"], description="such as lead, deal, contact, company; more may come")
    id: str = Field(examples=["0199f2a4-0000-7000-8000-000000000001"])
    title: str | None = Field(default=None, description="title of that moment", examples=["Pumps for ACME"])

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


class ContactPoint(Value):
    """A contact point: phone, e-mail, website or messenger (CONT-03)."""

    kind: str = Field(default="WORK", examples=["WORK"], description="such as WORK, MOBILE, HOME")
    value: str = Field(examples=["030 901820"], description="as it was typed")
    normalized: str | None = Field(
        default=None, examples=["+4930901820"], description="E.164 phone or lower-case e-mail; null where not valid"
    )
    extension: str | None = Field(
        default=None,
        description="digits behind a phone, which `normalized` has not; RFC 3966 writes both as `+4930901820;ext=12`",
    )
    url: str | None = Field(default=None, description="opens the messenger, where its kind is known (CONT-04)")


class Address(Value):
    """A postal address (REQ-03)."""

    type: str = Field(default="physical", description="such as physical, registered, legal, mailing, shipping")
    address_1: str | None = Field(default=None, examples=["Unter den Linden 77"])
    address_2: str | None = None
    city: str | None = Field(default=None, examples=["Berlin"])
    postal_code: str | None = Field(default=None, examples=["10117"])
    region: str | None = None
    province: str | None = None
    country: str | None = Field(default=None, examples=["Germany"])
    country_code: str | None = Field(default=None, description="two capital letters", examples=["DE"])


class Utm(Value):
    """Campaign marks of a visit (CMN-07)."""

    source: str | None = Field(default=None, examples=["newsletter"])
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None


class Touch(Value):
    """A visit before becoming a client (CMN-08)."""

    at: datetime
    url: str = Field(examples=["https://acme.example/pumps"])
    referrer: str | None = Field(default=None, examples=["https://search.example/"])
    utm: Utm | None = None


class FileRef(Value):
    """A file in whatever store keeps it: the CRM keeps where that is, and not the file (COMP-09, CONT-08)."""

    url: str = Field(examples=["https://files.acme.example/logo.png"])
    name: str = Field(examples=["logo.png"])
    media_type: str | None = Field(default=None, examples=["image/png"])
    sha256: str | None = Field(default=None, description="64 hexadecimal digits, so that readers know what they get")
