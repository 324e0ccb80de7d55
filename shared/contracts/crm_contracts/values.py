"""Values that events and elements are made of.

The surprise: money is a *decimal string* on the wire (`"1234.50"`), never a float, and references carry the title
of that moment, which may be stale or null by the time they are read.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

ElementType = Literal["lead", "deal", "contact", "company", "quote", "invoice", "product", "dictionary"]
"""The types of today. On the wire a type is any text: readers must bear one that they do not know."""

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
    """A way to reach somebody: phone, e-mail, website or messenger (CONT-03)."""

    kind: str = Field(default="WORK", examples=["WORK"], description="such as WORK, MOBILE, HOME")
    value: str = Field(examples=["030 901820"], description="as it was typed")
    normalized: str | None = Field(
        default=None, examples=["+4930901820"], description="E.164 phone or lower-case e-mail; null where not valid"
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


class BankDetail(Value):
    """An account, under a requisite (REQ-04)."""

    id: str
    name: str = Field(examples=["Main account"])
    country_code: str | None = Field(default=None, examples=["DE"], description="that of the requisite's preset")
    fields: dict[str, str] = Field(default={}, examples=[{"RQ_IBAN": "DE89370400440532013000"}])
    comments: str | None = None
    active: bool = True
    sort: int = 500


class Requisite(Value):
    """Legal details of a client, by the preset of a country (REQ-01), or a mere carrier of addresses (REQ-03)."""

    id: str
    name: str = Field(examples=["Office"])
    preset_id: str | None = Field(default=None, examples=["company-de"], description="null for a carrier of addresses")
    country_code: str | None = Field(default=None, examples=["DE"])
    address_only: bool = Field(default=True, description="carries addresses and is not shown as requisites")
    fields: dict[str, str] = Field(default={}, examples=[{"RQ_VAT_ID": "DE136695976"}])
    addresses: tuple[Address, ...] = Field(default=(), description="one of each type")
    bank_details: tuple[BankDetail, ...] = ()
    active: bool = True
    sort: int = 500


class Utm(Value):
    """Campaign marks of a visit (CMN-07)."""

    source: str | None = Field(default=None, examples=["newsletter"])
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None


class Touch(Value):
    """A visit on somebody's way to becoming a client (CMN-08)."""

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


class ProductRow(Value):
    """What a client wants to buy; the currency is the element's (ROW-01)."""

    id: str = Field(examples=["0199f2a4-0000-7000-8000-00000000aaaa"])
    product_id: str | None = Field(default=None, description="null for a free row")
    name: str = Field(examples=["Pump"])
    quantity: Exact = Field(default=Decimal(1), examples=["1"])
    list_price: Exact = Field(default=Decimal(0), examples=["550"], description="unit price of the catalog")
    price: Exact = Field(default=Decimal(0), examples=["495.00"], description="final unit price")
    sort: int = 10


class ContactLink(Value):
    """One contact of an element's Client field (CLI-06)."""

    contact_id: str = Field(examples=["0199f2a4-0000-7000-8000-00000000c001"])
    title: str | None = Field(default=None, examples=["Ada Lovelace"])
    sort: int = 10
    is_primary: bool = False
    role_id: int = 0
    auto_linked_from: str | None = Field(
        default=None, description="company that brought the contact, until somebody touches the link (CLI-07)"
    )

    @property
    def ref(self) -> ElementRef:
        """Pointer to the contact."""
        return ElementRef(type="contact", id=self.contact_id, title=self.title)


class Client(Value):
    """The Client field: at most one company, any number of contacts, exactly one of them primary (CLI-01, CLI-06).

    `link_no` rises with each set or clear of the company; an answer about another `link_no` is stale.
    """

    company: ElementRef | None = None
    contacts: tuple[ContactLink, ...] = ()
    link_no: int = 0
    link_state: LinkState = "none"
    auto_link_contacts: bool = True
    refusal: str | None = Field(default=None, description="code, where link_state is `refused`")
    truncated: bool = Field(default=False, description="the company has more contacts than are ever attached")

    @property
    def contact_id(self) -> str | None:
        """The primary contact."""
        return next((link.contact_id for link in self.contacts if link.is_primary), None)

    @property
    def is_empty(self) -> bool:
        """Neither a company nor a contact."""
        return self.company is None and not self.contacts

    @property
    def refs(self) -> tuple[ElementRef, ...]:
        """Pointers to the company and all contacts."""
        company = (self.company,) if self.company else ()
        return (*company, *(link.ref for link in self.contacts))


class RequisiteChoice(Value):
    """Which requisites count, the client's and those of a company of ours; null is not chosen (REQ-05)."""

    requisite_id: str | None = None
    bank_detail_id: str | None = Field(
        default=None, description="of the requisite", examples=["0199f2a4-0000-7000-8000-00000000bade"]
    )
    mc_requisite_id: str | None = Field(
        default=None, description="of a company of ours", examples=["0199f2a4-0000-7000-8000-00000000addf"]
    )
    mc_bank_detail_id: str | None = Field(
        default=None, description="of our requisite", examples=["0199f2a4-0000-7000-8000-00000000badf"]
    )


class RequisiteLink(RequisiteChoice):
    """The chosen requisites of an element, and whether they are as they should be (REQ-05).

    `choice_no` rises with each choice; an answer about another `choice_no` is stale. What was refused is not chosen.
    """

    choice_no: int = 0
    state: LinkState = "none"
    refusal: str | None = Field(default=None, description="code, where state is `refused`")
    refused_field: str | None = Field(default=None, description="the id that is wrong, where state is `refused`")

    @property
    def choice(self) -> RequisiteChoice:
        """What is chosen, whatever is known of it."""
        return RequisiteChoice(**{name: getattr(self, name) for name in RequisiteChoice.model_fields})


class Named(Fields):
    """What a person's name is made of; birth date and position go with it (LEAD-02)."""

    salutation: str | None = None
    first_name: str | None = Field(default=None, examples=["Ada"])
    middle_name: str | None = None
    last_name: str | None = Field(default=None, examples=["Lovelace"])
    birth_date: date | None = None
    position: str | None = None

    @property
    def full_name(self) -> str:
        """First, middle and last name, as far as they are known."""
        return " ".join(part for part in (self.first_name, self.middle_name, self.last_name) if part)


class Reachable(Fields):
    """Where somebody can be reached (CONT-03)."""

    phones: tuple[ContactPoint, ...] = ()
    emails: tuple[ContactPoint, ...] = ()
    websites: tuple[ContactPoint, ...] = ()
    messengers: tuple[ContactPoint, ...] = ()


class Owned(Fields):
    """Who looks after an element, and what is said about it (CMN-04, CMN-05, CMN-06, CMN-07, CMN-09)."""

    responsible_id: str = Field(default="", examples=["anna"])
    observers: tuple[str, ...] = ()
    open_to_all: bool = True
    comments: str | None = None
    utm: Utm | None = None


class Traced(Fields):
    """How somebody found us (CMN-08)."""

    traces: tuple[Touch, ...] = ()


class Sourced(Fields):
    """Where an element came from (CMN-02)."""

    source_id: str | None = Field(default=None, examples=["WEB"])
    source_description: str | None = None


class Identified(Fields):
    """Marks of identity that the system or an importer gives; fixed after creation (CMN-03, CMN-10, CMN-14)."""

    id: str = Field(examples=["0199f2a4-0000-7000-8000-000000000001"])
    number: int = Field(examples=[17], description="human serial number per element type; unique, gaps allowed")
    originator_id: str | None = Field(default=None, description="system the element came from")
    origin_id: str | None = Field(default=None, description="its id in that system")


class Audited(Fields):
    """Who made and last changed an element, `user:<sub>` or `service:<sub>`; times are UTC (CMN-10)."""

    created_at: datetime
    created_by: str = Field(examples=["user:anna"])
    updated_at: datetime
    updated_by: str = Field(examples=["user:anna"])


class Staged(Fields):
    """Where an element stands (LEAD-06, DEAL-07); `stage_semantic` follows from the stage."""

    stage_id: str = Field(examples=["NEW"])
    stage_semantic: StageSemantic = "P"
    moved_at: datetime | None = None
    moved_by: str | None = None


class Priced(Fields):
    """Product rows and what they add up to (ROW-02)."""

    rows: tuple[ProductRow, ...] = ()
    amount: Money
    is_manual_amount: bool = Field(default=False, description="the amount was typed in, not summed from the rows")
