"""Answers of the clients service to leads and deals, on `crm.clients.events`."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from crm_contracts.client_field import ContactLink
from crm_contracts.conversions import DealRequest, LinkedClient, ResolvedClient
from crm_contracts.events import Answer, ElementAnswer
from crm_contracts.values import ContactPoint, ElementRef, Value


class CompanyContacts(Value):
    """The contacts of a company, in their order (CLI-07)."""

    contacts: tuple[ElementRef, ...] = ()
    truncated: bool = Field(default=False, description="the company has more contacts than are ever attached")


class LeadClientResolved(Answer):
    """The contact and company of a conversion exist: an answer to `LeadConversionRequested` (LEAD-11).

    Deals opens `deal`, which is the lead's own request, with this client; without it the lead goes on itself.
    """

    ce_type: ClassVar[str] = "crm.lead.client_resolved.v1"
    lead: ElementRef
    conversion_id: str
    attempt: int
    contact: ElementRef | None = None
    company: ElementRef | None = None
    created: tuple[ElementRef, ...] = Field(default=(), description="the rest was linked")
    duplicates: tuple[ElementRef, ...] = Field(
        default=(), description="what has the same phone, e-mail or company title"
    )
    linked: tuple[LinkedClient, ...] = Field(
        default=(), description="what the clients that were linked took of the lead"
    )
    deal: DealRequest | None = None
    company_contacts: CompanyContacts | None = Field(
        default=None, description="of `company`, for the deal; null: the deal asks for them"
    )

    @property
    def client(self) -> ResolvedClient:
        """Contact and company, and how they were found."""
        return ResolvedClient(
            contact=self.contact, company=self.company, duplicates=self.duplicates, linked=self.linked
        )


class LeadClientRefused(Answer):
    """The client part of a conversion ended without a result: an answer to `LeadConversionRequested`.

    Because of duplicates nothing was created; after another failure `existing` is what had been created by then.
    """

    ce_type: ClassVar[str] = "crm.lead.client_refused.v1"
    lead: ElementRef
    conversion_id: str
    attempt: int
    code: str = Field(examples=["duplicates_found"])
    message: str
    candidates: tuple[ElementRef, ...] = ()
    existing: tuple[ElementRef, ...] = Field(default=(), description="what this conversion has created nevertheless")


class LeadClientFound(Answer):
    """The client whom a new lead is about, or none: an answer to `LeadClientSought` (LEAD-05).

    The oldest contact that has a phone or an e-mail of the lead, else the oldest company. Where there is neither, leads
    may still know one by the leads that were converted before.
    """

    ce_type: ClassVar[str] = "crm.lead.client_found.v1"
    lead: ElementRef
    came_at: datetime = Field(description="as the lead said")
    client: ElementRef | None = None
    candidates: tuple[ElementRef, ...] = Field(default=(), description="the others of its kind, the oldest first")
    phones: tuple[ContactPoint, ...] = Field(default=(), description="those of the lead by which one client is known")
    emails: tuple[ContactPoint, ...] = Field(
        default=(), description="those of the lead by which one client is known: none that many people have"
    )


class CheckedContact(Value):
    """Whether a contact that was linked by its id exists (CLI-02)."""

    contact_id: str = Field(description="as the element links it")
    contact: ElementRef | None = Field(default=None, description="it or its last survivor; null: it does not exist")


class ClientLinkAnswer(ElementAnswer):
    """An answer to what an element's Client field asks."""

    link_no: int
    checked: tuple[CheckedContact, ...] = Field(default=(), description="contacts that were linked by their ids")
    replaced: tuple[ContactLink, ...] = Field(
        default=(), description="where one of `checked` does not exist: the links that the request had removed"
    )


class ElementContactsResolved(ClientLinkAnswer):
    """The company of an element and its contacts, in their order: an answer to a company link (CLI-07)."""

    ce_type: ClassVar[str] = "crm.element.contacts_resolved.v1"
    company: ElementRef
    contacts: tuple[ElementRef, ...] = ()
    truncated: bool = False


class ElementCompanyRefused(ClientLinkAnswer):
    """The company that an element links is not there: an answer to a company link (CLI-07)."""

    ce_type: ClassVar[str] = "crm.element.company_refused.v1"
    company: ElementRef
    code: str = Field(examples=["company_not_found"])


class ElementContactsChecked(ClientLinkAnswer):
    """Whether the contacts that an element links by their ids exist: an answer to a link without a company (CLI-02)."""

    ce_type: ClassVar[str] = "crm.element.contacts_checked.v1"


class ElementRequisitesConfirmed(ElementAnswer):
    """The chosen requisites are there, and whose they have to be: an answer to a choice (REQ-05)."""

    ce_type: ClassVar[str] = "crm.element.requisites_confirmed.v1"
    choice_no: int


class ElementRequisitesRefused(ElementAnswer):
    """One of the chosen requisites cannot be chosen, so none is: an answer to a choice (REQ-05)."""

    ce_type: ClassVar[str] = "crm.element.requisites_refused.v1"
    choice_no: int
    code: str = Field(examples=["bank_detail_not_found"])
    field: str = Field(examples=["bank_detail_id"])
