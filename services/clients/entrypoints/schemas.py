"""What goes in and out of the clients API.

The surprise: unlike on a lead, a phone or an e-mail that is not valid is an error here: this is what people are
reached by.
"""

from typing import Annotated, Any

from crm_contracts.clients import CompanyState, ContactState
from crm_contracts.values import ContactPoint, ElementRef, Value
from pydantic import Field, StrictBool

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from shared.elements.inputs import (
    Code,
    MoneyIn,
    Name,
    NewRecordIn,
    PastDate,
    Points,
    RoleId,
    Text,
    Title,
    UserId,
    UtmIn,
    given_fields,
    reach_fields,
)
from shared.kit.http import Input
from shared.kit.reach import must_be_valid


def _valid(given: dict[str, Any], country: str) -> dict[str, Any]:
    """Fields with their contact data normalised.

    Raises:
        Invalid: naming every phone and e-mail that is not valid (CONT-03).
    """
    given = given | reach_fields(given, country)
    must_be_valid(phones=given.get("phones", ()), emails=given.get("emails", ()))
    return given


class ClientFieldsIn(Input):
    """Fields that contacts and companies share; on PATCH, what is absent stays as it is."""

    phones: Points = []
    emails: Points = []
    websites: Points = []
    messengers: Points = []
    type_id: Code | None = None
    comments: Text | None = None
    responsible_id: UserId | None = None
    observers: Annotated[list[UserId], Field(max_length=100)] = []
    open_to_all: StrictBool = True
    utm: UtmIn | None = None


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

    def fields(self, country: str) -> dict[str, Any]:
        """What was given, as the domain has it."""
        return _valid(given_fields(self, ContactFieldsIn), country)


class CompanyFieldsIn(ClientFieldsIn):
    """Fields of a company."""

    title: Title = ""
    industry: Code | None = None
    employees: Code | None = None
    revenue: MoneyIn | None = None

    def fields(self, country: str) -> dict[str, Any]:
        """What was given, as the domain has it."""
        return _valid(given_fields(self, CompanyFieldsIn), country)


class ContactIn(ContactFieldsIn, NewRecordIn):
    """A new contact; a first or a last name is needed (CONT-01)."""


class CompanyIn(CompanyFieldsIn, NewRecordIn):
    """A new company; a title is needed (COMP-01)."""


class LinkIn(Input):
    """How a contact belongs to a company; `is_primary` null leaves it as it is."""

    is_primary: StrictBool | None = None
    role_id: RoleId = 0


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


class ContactOut(ContactState):
    """A contact with its version."""

    version: int

    @classmethod
    def of(cls, contact: Contact) -> "ContactOut":
        """What is shown."""
        return cls(**dict(contact.state), version=contact.version)


class CompanyOut(CompanyState):
    """A company with its version."""

    version: int

    @classmethod
    def of(cls, company: Company) -> "CompanyOut":
        """What is shown."""
        return cls(**dict(company.state), version=company.version)
