"""What goes in and out of the leads API.

The surprise: contact data is taken as it is given. A phone that cannot be read is kept with `normalized: null`,
because a lead that is turned away is lost.
"""

from typing import Annotated, Any

from crm_contracts.conversions import Activities
from crm_contracts.leads import LeadState
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate
from pydantic import BaseModel, Field, StrictBool

from services.leads.domain.conversion import Conversion, ConversionRequest, ConversionState
from services.leads.domain.lead import Lead
from services.leads.usecases.create_lead import NewLead
from shared.elements.schemas.address import AddressIn
from shared.elements.schemas.client_field import ClientIn
from shared.elements.schemas.contact_points import ContactPointsIn, contact_point_fields
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.origin import NewRecordIn
from shared.elements.schemas.product_rows import Rows
from shared.elements.schemas.scalars import Code, Currency, ElementId, Name, PastDate, Text, Title, UserId
from shared.elements.schemas.tracking import UtmIn
from shared.kit.web.schemas import Input


class LeadFieldsIn(ContactPointsIn):
    """Fields of a lead; on PATCH, what is absent stays as it is."""

    title: Title = ""
    salutation: Code | None = None
    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    birth_date: PastDate | None = None
    position: Title | None = None
    company_title: Title | None = None
    address: AddressIn | None = None
    source_id: Code | None = None
    source_description: Text | None = None
    status_description: Text | None = None
    comments: Text | None = None
    responsible_id: UserId | None = None
    observers: Annotated[list[UserId], Field(max_length=100)] = []
    open_to_all: StrictBool = True
    utm: UtmIn | None = None

    def fields(self, country: str) -> dict[str, Any]:
        """What was given, as the domain has it."""
        given = given_fields(self, LeadFieldsIn)
        return given | contact_point_fields(given, country)


class LeadUpsert(LeadFieldsIn, ClientIn):
    """A lead as another system has it; only a new one takes more of it than its fields (CMN-14)."""

    stage_id: Code | None = None
    rows: Rows = []
    amount: MoneyIn | None = None
    currency: Currency | None = None
    is_manual_amount: StrictBool | None = None

    def to_domain(self, country: str, origin: tuple[str, str] | None = None) -> NewLead:
        """As the use case has it."""
        return NewLead(
            fields=self.fields(country),
            stage_id=self.stage_id,
            company_id=self.company,
            contacts=[link.to_domain() for link in self.contacts or ()],
            auto_link_contacts=self.auto_link_contacts is not False,
            rows=[row.to_domain() for row in self.rows],
            amount=self.amount.value_of() if self.amount else None,
            currency=self.currency,
            is_manual_amount=self.is_manual_amount,
            origin=origin,
        )


class LeadIn(NewRecordIn, LeadUpsert):
    """A new lead; nothing is mandatory (LEAD-01)."""


class LeadPatch(LeadFieldsIn, ClientIn):
    """Changes of a lead: fields, or its client."""


class ConversionIn(Input):
    """What to convert into; without targets: contact and deal, for a repeat lead a deal."""

    targets: Annotated[list[ConversionTarget], Field(min_length=1, max_length=3)] | None = None
    on_duplicate: OnDuplicate = "link"
    pipeline_id: ElementId = "default"
    activities: Activities = "complete"

    def to_domain(self) -> ConversionRequest:
        """As the domain has it."""
        return ConversionRequest(**{**self.model_dump(), "targets": tuple(self.targets) if self.targets else None})


class ConversionOut(BaseModel):
    """How far the conversion of a lead got. `duplicates` are what had the same phone or e-mail."""

    state: ConversionState
    conversion_id: str | None
    attempt: int
    targets: tuple[ConversionTarget, ...]
    on_duplicate: OnDuplicate
    contact: ElementRef | None
    company: ElementRef | None
    deal: ElementRef | None
    duplicates: tuple[ElementRef, ...]
    code: str | None
    message: str | None
    candidates: tuple[ElementRef, ...]
    correlation_id: str | None

    @classmethod
    def of(cls, conversion: Conversion) -> "ConversionOut":
        """What is shown; proposed ids never are."""
        shown = {name: getattr(conversion, name) for name in cls.model_fields}
        return cls(**{**shown, "conversion_id": shown["conversion_id"] or None})


class LeadOut(LeadState):
    """A lead with its version and the state of its conversion."""

    version: int
    conversion_state: ConversionState

    @classmethod
    def of(cls, lead: Lead) -> "LeadOut":
        """What is shown."""
        return cls(**dict(lead.state), version=lead.version, conversion_state=lead.conversion.state)


class ContactAdded(BaseModel):
    """Whether the contact was linked just now; false where it was already (CLI-06)."""

    added: bool
    lead: LeadOut
