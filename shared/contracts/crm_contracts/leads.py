"""Leads and the events about them, on `crm.leads.events`."""

from datetime import datetime
from typing import Annotated, ClassVar, Final

from pydantic import Field

from crm_contracts.client_field import Client, ClientField
from crm_contracts.events import (
    ClientChanged,
    CompanyUnlinked,
    ContactsAttached,
    ContactsChecked,
    Created,
    Deleted,
    ElementEvent,
    LinkRefused,
    ResponsibleChanged,
    RowsChanged,
    StageChanged,
    Updated,
)
from crm_contracts.field_spec import FieldSpec
from crm_contracts.fields import Audited, Identified, Named, Owned, Reachable, Sourced, Staged, Traced
from crm_contracts.product_rows import Priced
from crm_contracts.values import Address, ChangedFields, ElementRef

_ADDRESS: Final = FieldSpec(
    is_personal=True,
    parts={
        "address_city": FieldSpec(path="city", is_personal=True),
        "address_postal_code": FieldSpec(path="postal_code", is_personal=True),
        "address_country_code": FieldSpec(path="country_code", is_personal=True),
    },
)


class LeadFields(Named, Reachable, Owned, Sourced, Traced):
    """Fields of a lead that its users edit freely (LEAD-02, LEAD-08, LEAD-18, CMN-08)."""

    title: Annotated[str, FieldSpec(is_requirable=True, is_orderable=True)] = Field(
        default="", examples=["Pumps for ACME"]
    )
    company_title: str | None = Field(default=None, description="name of the company: free text, not a link")
    address: Annotated[Address | None, _ADDRESS] = None
    status_description: Annotated[str | None, FieldSpec(kind="text")] = Field(
        default=None, description="more information about this stage"
    )


class LeadState(LeadFields, Identified, Staged, Priced, Audited):
    """A lead as everybody may see it."""

    client: ClientField = Client()
    is_repeat: bool = Field(default=False, description="a lead of a client already known (LEAD-03)")
    closed_at: datetime | None = None
    converted: bool = False
    converted_at: datetime | None = None
    converted_by: str | None = None
    converted_elsewhere: Annotated[bool, FieldSpec(is_later=True)] = Field(
        default=False, description="in the system that it was imported from; when, by whom and into what is not known"
    )
    deal_ids: Annotated[tuple[str, ...], FieldSpec(kind="element")] = ()


class OfLead(ElementEvent):
    """An event in the history of a lead."""

    lead: ElementRef

    @property
    def element(self) -> ElementRef:
        """The lead."""
        return self.lead


class LeadCreated(Created):
    """A lead came in."""

    ce_type: ClassVar[str] = "crm.lead.created.v1"
    lead: LeadState

    @property
    def element(self) -> ElementRef:
        """The lead."""
        return ElementRef(type="lead", id=self.lead.id, title=self.lead.title)

    @property
    def state(self) -> LeadState:
        """All that may be known of it."""
        return self.lead


class LeadUpdated(Updated, OfLead):
    """Fields of a lead changed."""

    ce_type: ClassVar[str] = "crm.lead.updated.v1"
    before: Annotated[LeadFields, ChangedFields]
    after: Annotated[LeadFields, ChangedFields]


class LeadDeleted(Deleted, OfLead):
    """A lead was deleted, with its history; its clients and the deals made of it stay (LEAD-21)."""

    ce_type: ClassVar[str] = "crm.lead.deleted.v1"
    before: LeadState


class LeadResponsibleChanged(ResponsibleChanged, OfLead):
    """Another user is responsible for a lead (CMN-04)."""

    ce_type: ClassVar[str] = "crm.lead.responsible_changed.v1"


class LeadStageChanged(StageChanged, OfLead):
    """A lead moved to another stage (LEAD-07)."""

    ce_type: ClassVar[str] = "crm.lead.stage_changed.v1"
    to_stage: str = Field(examples=["IN_PROCESS"])


class LeadProductRowsChanged(RowsChanged, OfLead):
    """The products of a lead, or its typed amount, changed (ROW-01, ROW-02)."""

    ce_type: ClassVar[str] = "crm.lead.product_rows_changed.v1"


class LeadClientChanged(ClientChanged, OfLead):
    """The Client field of a lead was set; with `after.link_state` pending it asks clients for the contacts (CLI-07)."""

    ce_type: ClassVar[str] = "crm.lead.client_changed.v1"
    is_repeat: bool


class LeadContactsAttached(ContactsAttached, OfLead):
    """The contacts of the linked company were attached (CLI-07)."""

    ce_type: ClassVar[str] = "crm.lead.contacts_attached.v1"


class LeadContactsChecked(ContactsChecked, OfLead):
    """Contacts that a lead links by their ids were confirmed, or unlinked because they do not exist (CLI-02)."""

    ce_type: ClassVar[str] = "crm.lead.contacts_checked.v1"
    is_repeat: bool


class LeadCompanyUnlinked(CompanyUnlinked, OfLead):
    """The company that was to be linked was refused, and is not linked any more."""

    ce_type: ClassVar[str] = "crm.lead.company_unlinked.v1"
    is_repeat: bool


class LeadLinkRefused(LinkRefused):
    """A client that was created from the card of a lead is not linked to it: an answer to its creation (CLI-05)."""

    ce_type: ClassVar[str] = "crm.lead.link_refused.v1"
