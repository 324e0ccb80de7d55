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


class LinkedClient(Value):
    """What of a lead became of a client that was there already (LEAD-12)."""

    client: ElementRef
    enriched: tuple[str, ...] = Field(
        default=(), examples=[["phones"]], description="fields that were filled, and lists that were joined"
    )
    left_out: tuple[str, ...] = Field(
        default=(), examples=[["position"]], description="fields in which the client differs from the lead, and stays"
    )


class ResolvedClient(Value):
    """The client of a conversion: its contact and company, and how they were found (LEAD-11)."""

    contact: ElementRef | None = None
    company: ElementRef | None = None
    duplicates: tuple[ElementRef, ...] = Field(
        default=(), description="what has the same phone, e-mail or company title"
    )
    linked: tuple[LinkedClient, ...] = Field(
        default=(), description="what the clients that were linked took of the lead"
    )

    @property
    def refs(self) -> tuple[ElementRef, ...]:
        """Pointers to both, as far as they are."""
        return tuple(ref for ref in (self.contact, self.company) if ref is not None)


class ConversionRef(Value):
    """Which attempt of which conversion an event answers."""

    lead_id: str
    conversion_id: str
    attempt: int
    resolved: ResolvedClient | None = Field(
        default=None, description="its client, where clients asked for the deal: the lead does not know it yet"
    )


class LeadSnapshot(Named, Reachable, Owned, Sourced):
    """What a conversion needs to know of the lead, frozen when it starts (LEAD-12)."""

    title: str
    company_title: str | None = None
    address: Address | None = None


class DealDraft(Owned, Sourced):
    """The deal that a lead asks for, complete (LEAD-12)."""

    title: str
    pipeline_id: str = "default"
    company: ElementRef | None = None
    contacts: tuple[ContactLink, ...] = ()
    rows: tuple[ProductRow, ...] = ()
    amount: Money
    is_manual_amount: bool = False


class DealRequest(Value):
    """The deal to be opened as soon as the client of the lead is resolved."""

    proposed_deal_id: str
    draft: DealDraft


class LeadConversionRequested(OfLead):
    """A conversion began, or clients is asked once more (LEAD-11, LEAD-13).

    `client_targets` are the records that clients is to create or link; it has nothing to do where they are empty.
    `contact` and `company` are what an earlier attempt has created or linked; `contact_id` and `company_id` are
    existing ones that the caller has chosen to be linked. `deal` goes on to deals with the answer of clients; without
    it the lead asks deals itself (`LeadDealRequested`).
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
    deal: DealRequest | None = None


class LeadDealRequested(OfLead):
    """The lead asks deals for its deal (LEAD-11): where clients has nothing to do, or the request was not passed on."""

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
