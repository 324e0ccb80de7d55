"""What the leads service says, on `crm.leads.events`."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from crm_contracts.envelope import Event
from crm_contracts.values import (
    Address,
    Audited,
    ChangedFields,
    Client,
    ContactLink,
    ConversionTarget,
    ElementRef,
    Identified,
    Money,
    Named,
    OnDuplicate,
    Owned,
    Priced,
    ProductRow,
    Reachable,
    Sourced,
    Staged,
    StageSemantic,
)

Activities = Literal["keep_open", "complete"]


class LeadFields(Named, Reachable, Owned, Sourced):
    """Fields of a lead that its users edit freely (LEAD-02, LEAD-08, LEAD-18)."""

    title: str = Field(default="", examples=["Pumps for ACME"])
    company_title: str | None = Field(default=None, description="free text, not a link")
    address: Address | None = None
    status_description: str | None = Field(default=None, description="more information about this stage")


class LeadState(LeadFields, Identified, Staged, Priced, Audited):
    """A lead as everybody may see it."""

    client: Client = Client()
    is_repeat: bool = Field(default=False, description="a lead of a client already known (LEAD-03)")
    closed_at: datetime | None = None
    converted: bool = False
    converted_at: datetime | None = None
    converted_by: str | None = None
    deal_ids: tuple[str, ...] = ()


class LeadCreated(Event):
    """A lead came in."""

    ce_type: ClassVar[str] = "crm.lead.created.v1"
    lead: LeadState


class LeadUpdated(Event):
    """Fields of a lead changed."""

    ce_type: ClassVar[str] = "crm.lead.updated.v1"
    lead: ElementRef
    before: Annotated[LeadFields, ChangedFields]
    after: Annotated[LeadFields, ChangedFields]


class LeadStageChanged(Event):
    """A lead moved to another stage (LEAD-07)."""

    ce_type: ClassVar[str] = "crm.lead.stage_changed.v1"
    lead: ElementRef
    from_stage: str = Field(examples=["NEW"])
    to_stage: str = Field(examples=["IN_PROCESS"])
    from_semantic: StageSemantic
    to_semantic: StageSemantic
    moved_at: datetime
    closed_at: datetime | None = None


class LeadProductRowsChanged(Event):
    """The products of a lead, or its typed amount, changed (ROW-01, ROW-02)."""

    ce_type: ClassVar[str] = "crm.lead.product_rows_changed.v1"
    lead: ElementRef
    before: Priced
    after: Priced


class LeadClientChanged(Event):
    """The Client field of a lead was set; with `after.link_state` pending it asks clients for the contacts (CLI-07)."""

    ce_type: ClassVar[str] = "crm.lead.client_changed.v1"
    lead: ElementRef
    before: Client
    after: Client
    is_repeat: bool


class LeadContactsAttached(Event):
    """The contacts of the linked company were attached (CLI-07)."""

    ce_type: ClassVar[str] = "crm.lead.contacts_attached.v1"
    lead: ElementRef
    attached: tuple[ElementRef, ...]
    detached: tuple[ElementRef, ...] = ()
    client: Client


class LeadCompanyUnlinked(Event):
    """The company that was to be linked was refused, and is not linked any more."""

    ce_type: ClassVar[str] = "crm.lead.company_unlinked.v1"
    lead: ElementRef
    company: ElementRef
    code: str = Field(examples=["company_not_found"])
    client: Client
    is_repeat: bool


class LeadSnapshot(Named, Reachable, Owned, Sourced):
    """What a conversion needs to know of the lead, frozen when it starts (LEAD-12)."""

    title: str
    company_title: str | None = None
    address: Address | None = None


class LeadConversionRequested(Event):
    """A conversion began, or clients is asked once more (LEAD-11, LEAD-13).

    `client_targets` are the records that clients is to create or link; it has nothing to do where they are empty.
    `contact` and `company` are what an earlier attempt has created or linked.
    """

    ce_type: ClassVar[str] = "crm.lead.conversion_requested.v1"
    lead: ElementRef
    conversion_id: str
    attempt: int
    targets: tuple[ConversionTarget, ...]
    client_targets: tuple[ConversionTarget, ...]
    on_duplicate: OnDuplicate
    proposed_contact_id: str
    proposed_company_id: str
    contact: ElementRef | None = None
    company: ElementRef | None = None
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


class LeadDealRequested(Event):
    """The lead asks deals for its deal (LEAD-11)."""

    ce_type: ClassVar[str] = "crm.lead.deal_requested.v1"
    lead: ElementRef
    conversion_id: str
    attempt: int
    proposed_deal_id: str
    draft: DealDraft


class LeadConverted(Event):
    """The conversion is done (LEAD-14)."""

    ce_type: ClassVar[str] = "crm.lead.converted.v1"
    lead: ElementRef
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


class LeadConversionRefused(Event):
    """The conversion ended without a result; a new attempt may be made."""

    ce_type: ClassVar[str] = "crm.lead.conversion_refused.v1"
    lead: ElementRef
    conversion_id: str
    attempt: int
    code: str = Field(examples=["duplicates_found"])
    message: str
    candidates: tuple[ElementRef, ...] = ()
    existing: tuple[ElementRef, ...] = Field(default=(), description="what this conversion has already made or linked")
