"""The conversion of a lead, on `crm.leads.events` (LEAD-11 to LEAD-14)."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from crm_contracts.client_field import Client, ContactLink
from crm_contracts.events import ClientFieldEvent
from crm_contracts.fields import Named, Owned, Reachable, Sourced
from crm_contracts.leads import OfLead
from crm_contracts.product_rows import ProductRow
from crm_contracts.values import Address, ConversionTarget, ElementRef, Money, OnDuplicate, Value

Activities = Literal["keep_open", "complete"]


class ConversionRef(Value):
    """Which attempt of which conversion an event answers."""

    lead_id: str
    conversion_id: str
    attempt: int


class LeadSnapshot(Named, Reachable, Owned, Sourced):
    """What a conversion needs to know of the lead, frozen when it starts (LEAD-12)."""

    title: str
    company_title: str | None = None
    address: Address | None = None


class LeadConversionRequested(OfLead):
    """A conversion began, or clients is asked once more (LEAD-11, LEAD-13).

    `client_targets` are the records that clients is to create or link; it has nothing to do where they are empty.
    `contact` and `company` are what an earlier attempt has created or linked; `contact_id` and `company_id` are
    existing ones that the caller has chosen to be linked.
    """

    ce_type: ClassVar[str] = "crm.lead.conversion_requested.v1"
    conversion_id: str
    attempt: int
    targets: tuple[ConversionTarget, ...]
    client_targets: tuple[ConversionTarget, ...]
    on_duplicate: OnDuplicate
    proposed_contact_id: str
    proposed_company_id: str
    contact: ElementRef | None = None
    company: ElementRef | None = None
    contact_id: str | None = None
    company_id: str | None = None
    snapshot: LeadSnapshot


class DealDraft(Owned, Sourced):
    """The deal that a lead asks for, complete (LEAD-12)."""

    title: str
    pipeline_id: str = "default"
    company: ElementRef | None = None
    contacts: tuple[ContactLink, ...] = ()
    rows: tuple[ProductRow, ...] = ()
    amount: Money
    is_manual_amount: bool = False


class LeadDealRequested(OfLead):
    """The lead asks deals for its deal (LEAD-11)."""

    ce_type: ClassVar[str] = "crm.lead.deal_requested.v1"
    conversion_id: str
    attempt: int
    proposed_deal_id: str
    draft: DealDraft


class LeadConverted(OfLead, ClientFieldEvent):
    """The conversion is done (LEAD-14)."""

    ce_type: ClassVar[str] = "crm.lead.converted.v1"
    conversion_id: str
    attempt: int
    contact: ElementRef | None = None
    company: ElementRef | None = None
    deal: ElementRef | None = None
    client: Client = Field(description="the lead's Client field from now on")
    activities: Activities = Field(
        default="complete", description="what becomes of the lead's open activities (ACT-05)"
    )
    converted_at: datetime
    converted_by: str

    @property
    def client_now(self) -> Client:
        """The lead's Client field from now on."""
        return self.client


class LeadConversionRefused(OfLead):
    """The conversion ended without a result; a new attempt may be made."""

    ce_type: ClassVar[str] = "crm.lead.conversion_refused.v1"
    conversion_id: str
    attempt: int
    code: str = Field(examples=["duplicates_found"])
    message: str
    candidates: tuple[ElementRef, ...] = ()
    existing: tuple[ElementRef, ...] = Field(default=(), description="what this conversion has already made or linked")
