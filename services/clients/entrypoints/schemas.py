"""What goes in and out of the clients API.

The surprise: unlike on a lead, a phone or an e-mail that is not valid is an error here: this is what people are
reached by.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from crm_contracts.clients import CompanyState, ContactState
from crm_contracts.values import BankDetail, ContactPoint, ElementRef, Reachable, Requisite, Touch, Traced, Value
from pydantic import Field, StrictBool, StringConstraints, computed_field

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.duplicates import ACCOUNT_FIELDS, MAX_FURTHER, Card, Criterion, FurtherField
from services.clients.domain.element import Linking
from services.clients.domain.mergeable import MAX_OTHERS
from shared.elements.inputs import (
    AddressIn,
    Code,
    Country,
    ElementId,
    FileIn,
    MoneyIn,
    Name,
    NewId,
    NewRecordIn,
    OriginPart,
    PastDate,
    ReachIn,
    RoleId,
    Sort,
    Text,
    Title,
    TouchIn,
    UserId,
    UtmIn,
    given_fields,
    reach_fields,
)
from shared.kit.domain import Invalid, derived_id, invalid_field
from shared.kit.http import Input
from shared.kit.reach import emails, must_be_valid, phones

MAX_FOUND: Final = 20
"""Matches of each type that are told (DUP-01)."""


def _valid(given: dict[str, Any], country: str) -> dict[str, Any]:
    """Fields with their contact data normalised.

    Raises:
        Invalid: naming every phone and e-mail that is not valid (CONT-03).
    """
    given = given | reach_fields(given, country)
    must_be_valid(phones=given.get("phones", ()), emails=given.get("emails", ()))
    return given


class ClientFieldsIn(ReachIn):
    """Fields that contacts and companies share; on PATCH, what is absent stays as it is."""

    type_id: Code | None = None
    comments: Text | None = None
    responsible_id: UserId | None = None
    observers: Annotated[list[UserId], Field(max_length=100)] = []
    open_to_all: StrictBool = True
    utm: UtmIn | None = None
    traces: Annotated[list[TouchIn], Field(max_length=100)] = []


class ContactFieldsIn(ClientFieldsIn):
    """Fields of a contact."""

    salutation: Code | None = None
    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    birth_date: PastDate | None = None
    position: Title | None = None
    source_id: Code | None = None
    source_description: Text | None = None
    export: StrictBool = True
    photo: FileIn | None = None

    def fields(self, country: str) -> dict[str, Any]:
        """What was given, as the domain has it."""
        return _valid(given_fields(self, ContactFieldsIn), country)


class CompanyFieldsIn(ClientFieldsIn):
    """Fields of a company."""

    title: Title = ""
    industry: Code | None = None
    employees: Code | None = None
    revenue: MoneyIn | None = None
    banking_details: Text | None = None
    logo: FileIn | None = None
    stamp: FileIn | None = None
    director_sign: FileIn | None = None
    accountant_sign: FileIn | None = None
    is_my_company: StrictBool = False
    is_default_my_company: StrictBool = False

    def fields(self, country: str) -> dict[str, Any]:
        """What was given, as the domain has it."""
        return _valid(given_fields(self, CompanyFieldsIn), country)


class ContactUpsertIn(ContactFieldsIn):
    """What another system says of a contact; `origin_version` guards what was corrected here (CONT-08)."""

    origin_version: OriginPart | None = None

    def fields(self, country: str) -> dict[str, Any]:
        """What was given, as the domain has it."""
        return super().fields(country) | self.model_dump(include={"origin_version"}, exclude_none=True)


class LinkToIn(Input):
    """The element whose Client field a client is created from (CLI-05)."""

    type: Linking
    id: ElementId


class NewClientIn(NewRecordIn):
    """What only a new contact or company may say; `link_to` is no field of it."""

    link_to: LinkToIn | None = None


class ContactIn(ContactFieldsIn, NewClientIn):
    """A new contact; a first or a last name is needed (CONT-01)."""


class CompanyUpsertIn(CompanyFieldsIn):
    """What another system says of a company; `origin_version` guards what was corrected here (CONT-08)."""

    origin_version: OriginPart | None = None

    def fields(self, country: str) -> dict[str, Any]:
        """What was given, as the domain has it."""
        return super().fields(country) | self.model_dump(include={"origin_version"}, exclude_none=True)


class CompanyIn(CompanyFieldsIn, NewClientIn):
    """A new company; a title is needed (COMP-01)."""


class LinkIn(Input):
    """How a contact belongs to a company; `is_primary` null leaves it as it is."""

    is_primary: StrictBool | None = None
    role_id: RoleId = 0


class MergeIn(Input):
    """Records that become one with the survivor; `resolution` says by field whose value counts, where they differ."""

    others: Annotated[list[ElementId], Field(min_length=1, max_length=MAX_OTHERS)]
    resolution: Annotated[dict[Code, ElementId], Field(max_length=50)] = {}


class ElementOut(Value):
    """A lead, a deal or whatever else is linked to a client."""

    element: ElementRef
    since: datetime = Field(description="when clients first heard of it")


class DuplicatesIn(Input):
    """Who has one of these phones or e-mails is looked for; `type` null looks everywhere."""

    kind: Literal["phone", "email"]
    values: Annotated[list[Title], Field(min_length=1, max_length=20)]
    type: Literal["lead", "contact", "company"] | None = None

    def normalized(self, country: str) -> list[str]:
        """The values as they are stored.

        Raises:
            Invalid: naming every one that is no phone or e-mail.
        """
        found, errors = _normalized(self.kind, self.values, country, "values")
        if errors:
            raise Invalid("Some values are not valid.", {"errors": errors})
        return list(found)


def _normalized(
    kind: Literal["phone", "email"], values: Sequence[str], country: str, field: str
) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """The values as they are stored, and those that are no phone or e-mail."""
    points = [ContactPoint(value=value) for value in values]
    made = phones(points, country) if kind == "phone" else emails(points)
    wrong = [place for place, point in enumerate(made) if point.normalized is None]
    message = f"not a valid {kind}"
    errors = [{"field": f"{field}.{place}", "code": "not_valid", "message": message} for place in wrong]
    return tuple(point.normalized or "" for point in made), errors


class Found(Value):
    """Matches of one type."""

    items: list[ElementRef] = []
    has_more: bool = False


class DuplicatesOut(Value):
    """Matches by type, at most 20 each (DUP-01)."""

    lead: Found = Found()
    contact: Found = Found()
    company: Found = Found()

    @classmethod
    def of(cls, found: Mapping[str, Sequence[ElementRef]], type_: str | None) -> "DuplicatesOut":
        """Of one type, or of all."""
        wanted = {name: refs for name, refs in found.items() if type_ in {None, name}}
        return cls(
            **{
                name: Found(items=list(refs[:MAX_FOUND]), has_more=len(refs) > MAX_FOUND)
                for name, refs in wanted.items()
            }
        )


RequisiteValues = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^RQ_[A-Z_]{1,40}$")], Title], Field(max_length=50)
]
"""By code, such as `RQ_INN`."""


class CardIn(Input):
    """What a card says of somebody who may be there already; `except_id` is the record of the card itself."""

    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    company_title: Title | None = None
    phones: Annotated[list[Title], Field(max_length=20)] = []
    emails: Annotated[list[Title], Field(max_length=20)] = []
    requisites: RequisiteValues = {}
    bank_details: RequisiteValues = {}
    further: Annotated[dict[FurtherField, Title], Field(max_length=MAX_FURTHER)] = {}
    except_id: ElementId | None = None

    def card(self, country: str) -> Card:
        """As the domain has it.

        Raises:
            Invalid: naming every phone and e-mail that is none; or the card is empty.
        """
        if not self.model_fields_set - {"except_id"}:
            raise invalid_field("body", "empty", "nothing to look for")
        numbers, wrong = _normalized("phone", self.phones, country, "phones")
        addresses, also_wrong = _normalized("email", self.emails, country, "emails")
        if wrong or also_wrong:
            raise Invalid("Some values are not valid.", {"errors": [*wrong, *also_wrong]})
        named = {
            name: getattr(self, name) or "" for name in ("first_name", "middle_name", "last_name", "company_title")
        }
        return Card(
            **named,
            phones=numbers,
            emails=addresses,
            requisites=tuple(self.requisites.values()),
            bank_details=tuple(value for code, value in self.bank_details.items() if code in ACCOUNT_FIELDS),
            further=self.further,
        )


class Alike(Value):
    """A record that might be the same, and by what."""

    ref: ElementRef
    by: list[Criterion]


class AlikeOfType(Value):
    """Those of one type, with more in common first."""

    items: list[Alike] = []
    has_more: bool = False

    @classmethod
    def of(cls, found: Iterable[tuple[ElementRef, set[Criterion]]], except_id: str | None) -> "AlikeOfType":
        """At most 20, without the record of the card."""
        items = [Alike(ref=ref, by=sorted(by)) for ref, by in found if ref.id != except_id]
        return cls(items=items[:MAX_FOUND], has_more=len(items) > MAX_FOUND)


class AlikeOut(Value):
    """Who might be the client on the card, by type (DUP-03)."""

    lead: AlikeOfType
    contact: AlikeOfType
    company: AlikeOfType


class ClientMatch(Value):
    """A contact or company that fits what was typed, with what tells namesakes apart."""

    client: ElementRef
    company: ElementRef | None = Field(default=None, description="primary company of a contact")
    phones: tuple[ContactPoint, ...] = ()
    emails: tuple[ContactPoint, ...] = ()

    @classmethod
    def of(cls, client: Contact | Company) -> "ClientMatch":
        """What is shown of it."""
        links = client.companies if isinstance(client, Contact) else ()
        company = next((link.ref for link in links if link.is_primary), None)
        return cls(client=client.ref, company=company, phones=client.phones, emails=client.emails)


class ClientMatches(Value):
    """The best matches first; where there are more, more has to be typed, or a client is new (CLI-04)."""

    items: list[ClientMatch]
    has_more: bool


class BankDetailIn(Input):
    """An account (REQ-04)."""

    id: ElementId | None = None
    name: Annotated[Title, Field(min_length=1)]
    country_code: Country | None = None
    fields: RequisiteValues = {}
    comments: Text | None = None
    active: StrictBool = True
    sort: Sort = 500


class RequisiteIn(Input):
    """Requisites as they are to be (REQ-01): of a preset, or a carrier of addresses."""

    name: Annotated[Title, Field(min_length=1)]
    preset_id: Code | None = None
    address_only: StrictBool = False
    fields: RequisiteValues = {}
    addresses: Annotated[list[AddressIn], Field(max_length=6)] = []
    bank_details: Annotated[list[BankDetailIn], Field(max_length=20)] = []
    active: StrictBool = True
    sort: Sort = 500

    def requisite(self, id_: str) -> Requisite:
        """As the domain has it, not yet checked; an account without an id gets one by its place."""
        details = [
            BankDetail(**{**detail.model_dump(), "id": detail.id or derived_id("bank-detail", id_, place)})
            for place, detail in enumerate(self.bank_details)
        ]
        return Requisite(
            **{
                **self.model_dump(),
                "id": id_,
                "addresses": tuple(address.value_of() for address in self.addresses),
                "bank_details": tuple(details),
            }
        )


class NewRequisiteIn(RequisiteIn):
    """New requisites."""

    id: NewId | None = None


class PresetFieldOut(Value):
    """A detail of a preset."""

    code: str
    title: str
    is_tax_number: bool


class PresetOut(Value):
    """Which legal details there are in a country (REQ-01)."""

    id: str
    country_code: str
    owner_type: str
    name: str
    fields: list[PresetFieldOut]


class Shown(Reachable, Traced):
    """Which kinds of contact data there are (CONT-03); who left no trace shows none (CMN-08)."""

    traces: tuple[Touch, ...] = Field(default=(), exclude_if=lambda traces: not traces)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_phone(self) -> bool:
        """Whether there is a phone."""
        return bool(self.phones)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_email(self) -> bool:
        """Whether there is an e-mail address."""
        return bool(self.emails)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_messenger(self) -> bool:
        """Whether there is a messenger."""
        return bool(self.messengers)


class ContactOut(Shown, ContactState):
    """A contact with its version."""

    version: int

    @classmethod
    def of(cls, contact: Contact) -> "ContactOut":
        """What is shown."""
        return cls(**dict(contact.state), version=contact.version)


class CompanyOut(Shown, CompanyState):
    """A company with its version."""

    version: int

    @classmethod
    def of(cls, company: Company) -> "CompanyOut":
        """What is shown."""
        return cls(**dict(company.state), version=company.version)


LinkState = Literal["none", "pending", "done"]


class NewContactOut(ContactOut):
    """A contact that was just entered, and whether the card that it was created from links it already (CLI-05)."""

    link_state: LinkState


class NewCompanyOut(CompanyOut):
    """A company that was just entered, and whether the card that it was created from links it already (CLI-05)."""

    link_state: LinkState
