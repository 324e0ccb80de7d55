"""What goes in and out of a contact or a company.

The surprise: unlike on a lead, a phone or an e-mail that is not valid is an error here: this is what people are
reached by.
"""

from typing import Annotated, Any, Literal

from crm_contracts.companies import CompanyState
from crm_contracts.contacts import ContactState
from crm_contracts.fields import Reachable, Traced
from crm_contracts.values import Touch
from pydantic import Field, StrictBool, computed_field

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.element import Linking
from services.clients.domain.mergeable import MAX_OTHERS
from shared.elements.domain.contact_points import must_be_valid
from shared.elements.schemas.contact_points import ContactPointsIn, contact_point_fields
from shared.elements.schemas.files import FileIn
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.origin import NewRecordIn
from shared.elements.schemas.scalars import Code, ElementId, Name, OriginPart, PastDate, Text, Title, UserId
from shared.elements.schemas.tracking import TouchIn, UtmIn
from shared.kit.web.schemas import Input


def _valid(given: dict[str, Any], country: str) -> dict[str, Any]:
    """Fields with their contact data normalised.

    Raises:
        Invalid: naming every phone and e-mail that is not valid (CONT-03).
    """
    given = given | contact_point_fields(given, country)
    must_be_valid(phones=given.get("phones", ()), emails=given.get("emails", ()))
    return given


class ClientFieldsIn(ContactPointsIn):
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


class MergeIn(Input):
    """Records that become one with the survivor; `resolution` says by field whose value counts, where they differ."""

    others: Annotated[list[ElementId], Field(min_length=1, max_length=MAX_OTHERS)]
    resolution: Annotated[dict[Code, ElementId], Field(max_length=50)] = {}


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
