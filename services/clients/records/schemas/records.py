"""Bodies of contacts and companies.

Unlike on a lead, a phone without a digit and an e-mail that is none are errors, unless the record has them already
(CONT-03).
"""

from typing import Annotated, Any, ClassVar, Final, Literal, Self

from crm_contracts.companies import CompanyFields, CompanyState
from crm_contracts.contacts import ContactFields, ContactState
from crm_contracts.fields import Reachable
from crm_contracts.values import ElementRef, Fields
from pydantic import BaseModel, Field, computed_field

from services.clients.linked_element.domain import LinkingType
from services.clients.records.domain.client import ClientRecord
from services.clients.records.domain.employment import MAX_COMPANIES
from services.clients.records.domain.merge import MAX_OTHERS
from shared.elements.schemas.contact_points import (
    ContactPointReading,
    ContactPointsIn,
    check_contact_points,
    contact_point_fields,
)
from shared.elements.schemas.expansion import ExpandedField
from shared.elements.schemas.fields import fields_in
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.origin import NewRecordIn
from shared.elements.schemas.scalars import Code, ElementId, OriginPart
from shared.elements.schemas.tracking import ShownTraces
from shared.kit.domain import Findings, invalid_field
from shared.kit.web.batches import BatchIn
from shared.kit.web.schemas import Input

MAX_NEW_CONTACTS: Final = 50


class ClientFieldsIn(ContactPointsIn):
    """Fields of a contact or a company; on PATCH, absent ones stay as they are."""

    CONTRACT: ClassVar[type[Fields]]

    def fields(self, country: str, reading: ContactPointReading) -> dict[str, Any]:
        """Return the sent fields of the contract as the domain has them, contact data normalised.

        `country` is that of the installation.
        """
        given = given_fields(self, self.CONTRACT)
        return given | contact_point_fields(given, reading.country(country))

    def check(self, country: str, reading: ContactPointReading, before: Reachable | None = None) -> None:
        """Check what a type alone cannot say; `before` is the record as it is, if there is one.

        Raises:
            Invalid: names every phone and e-mail that is not valid (CONT-03).
        """
        given = given_fields(self, self.CONTRACT)
        check_contact_points(given, reading.country(country), strict=reading.strict, before=before)


class ContactFieldsIn(fields_in(ContactFields, base=ClientFieldsIn)):  # type: ignore[misc] # derived from the contract
    """Fields of a contact."""

    CONTRACT: ClassVar[type[Fields]] = ContactFields


class CompanyFieldsIn(fields_in(CompanyFields, base=ClientFieldsIn)):  # type: ignore[misc] # derived from the contract
    """Fields of a company."""

    CONTRACT: ClassVar[type[Fields]] = CompanyFields


class UpsertIn(ClientFieldsIn):
    """A record as another system has it; `origin_version` guards what was corrected here (CONT-08)."""

    origin_version: OriginPart | None = None

    def fields(self, country: str, reading: ContactPointReading) -> dict[str, Any]:
        """Return the sent fields as the domain has them; an `origin_version` of null counts as absent."""
        given = super().fields(country, reading)
        return {name: value for name, value in given.items() if name != "origin_version" or value is not None}


class ContactUpsertIn(UpsertIn, ContactFieldsIn):
    """A contact as another system has it."""


class CompanyUpsertIn(UpsertIn, CompanyFieldsIn):
    """A company as another system has it."""


class LinkToIn(Input):
    """The element whose Client field a client is created from (CLI-05)."""

    type: LinkingType
    id: ElementId


class NewClientIn(NewRecordIn, ClientFieldsIn):
    """A new record; `link_to` is not a field of it."""

    link_to: LinkToIn | None = None


class ContactIn(ContactFieldsIn, NewClientIn):
    """A new contact; a first or a last name is needed (CONT-01)."""

    company_ids: Annotated[list[ElementId], Field(max_length=MAX_COMPANIES)] = Field(
        default=[], description="companies that it belongs to, first the primary one"
    )


class CompanyIn(CompanyFieldsIn, NewClientIn):
    """A new company; a title is needed (COMP-01)."""

    contacts: Annotated[list[ContactFieldsIn], Field(max_length=MAX_NEW_CONTACTS)] = Field(
        default=[], description="new contacts, which are created in this company, in their order"
    )


class NewUpsertIn(UpsertIn, NewClientIn):
    """A record of a batch."""

    def check(self, country: str, reading: ContactPointReading, before: Reachable | None = None) -> None:
        """Check the same.

        Raises:
            Invalid: besides, it has a version of another system, and no origin there.
        """
        findings = Findings()
        with findings.collecting():
            super().check(country, reading, before)
        with findings.collecting():
            if self.origin_version is not None and self.origin is None:
                raise invalid_field("origin_version", "missing_origin", "a version is that of an origin")
        findings.refuse()


class ContactItemIn(NewUpsertIn, ContactIn):
    """A contact of a batch: a new one, or one as another system has it."""


class CompanyItemIn(NewUpsertIn, CompanyIn):
    """A company of a batch: a new one, or one as another system has it."""


class ContactsIn(BatchIn[ContactItemIn]):
    """New contacts, or contacts as another system has them."""


class CompaniesIn(BatchIn[CompanyItemIn]):
    """New companies, or companies as another system has them."""


class MergeIn(Input):
    """Records to merge into the survivor; `resolution` names by field the record whose value counts."""

    others: Annotated[list[ElementId], Field(min_length=1, max_length=MAX_OTHERS)]
    resolution: Annotated[dict[Code, ElementId], Field(max_length=50)] = {}


class RecordOut(Reachable, ShownTraces):
    """A record with its version; empty traces are not shown (CMN-08)."""

    expanded: ExpandedField = None
    version: int

    @classmethod
    def of(cls, record: ClientRecord[Any], **more: Any) -> Self:
        """Build the answer from a record, and from what the answer has besides."""
        return cls(**dict(record.state), version=record.version, **more)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_messenger(self) -> bool:
        """Whether there is a messenger."""
        return bool(self.messengers)


class ContactOut(RecordOut, ContactState):
    """A contact with its version."""


class CompanyOut(RecordOut, CompanyState):
    """A company with its version."""


LinkState = Literal["none", "pending", "done", "refused"]


class NewClientOut(BaseModel):
    """Whether the card that a new client was created from links it (CLI-05)."""

    link_state: LinkState
    link_refusal: str | None = Field(default=None, description="code, where link_state is `refused`")


class NewContactOut(NewClientOut, ContactOut):
    """A new contact, and whether the card that it was created from links it already (CLI-05)."""


class NewCompanyOut(NewClientOut, CompanyOut):
    """A new company, and whether the card that it was created from links it already (CLI-05)."""

    contacts: tuple[ElementRef, ...] = Field(
        default=(), exclude_if=lambda contacts: not contacts, description="contacts that were created in it"
    )
