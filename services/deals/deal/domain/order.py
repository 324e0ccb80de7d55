"""The order of a lead for a deal: from the lead itself, or passed on by clients with the client that it found."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from crm_contracts.client_answers import CompanyContacts, LeadClientResolved
from crm_contracts.client_field import Client
from crm_contracts.conversions import ConversionRef, DealDraft, DealRequest, LeadDealRequested
from crm_contracts.values import ElementRef

from shared.elements.domain.client_answers import attach_contacts
from shared.elements.domain.client_field import asking, set_company, with_resolved


@dataclass(frozen=True)
class DealOrder:
    """What deal to open, and for which attempt of which conversion.

    Attributes:
        conversion: with the client that clients has found, unless the lead has put it into the draft.
        company_contacts: of the company of that client; None where clients has still to be asked for them.
    """

    lead: ElementRef
    conversion: ConversionRef
    proposed_deal_id: str
    draft: DealDraft
    company_contacts: CompanyContacts | None = None

    @classmethod
    def of_lead(cls, asked: LeadDealRequested) -> Self:
        """Read the order of a lead."""
        conversion = ConversionRef(lead_id=asked.lead.id, conversion_id=asked.conversion_id, attempt=asked.attempt)
        return cls(asked.lead, conversion, asked.proposed_deal_id, asked.draft)

    @classmethod
    def of_clients(cls, answer: LeadClientResolved, deal: DealRequest) -> Self:
        """Read the order that clients passes on."""
        conversion = ConversionRef(
            lead_id=answer.lead.id,
            conversion_id=answer.conversion_id,
            attempt=answer.attempt,
            resolved=answer.client,
        )
        return cls(answer.lead, conversion, deal.proposed_deal_id, deal.draft, answer.company_contacts)

    @cached_property
    def client(self) -> Client:
        """The Client field of the deal, complete as far as clients told; it asks for the rest (CLI-02, CLI-07)."""
        known = Client(company=self.draft.company, contacts=self.draft.contacts)
        if self.conversion.resolved is not None:
            known = with_resolved(known, self.conversion.resolved.contact, self.conversion.resolved.company)
        if known.company is None:
            return asking(Client(), Client(contacts=known.contacts))
        linked = set_company(Client(contacts=known.contacts), known.company.id)
        linked = linked.model_copy(update={"company": known.company})
        if self.company_contacts is None:
            return linked
        attached = attach_contacts(
            linked,
            link_no=linked.link_no,
            company=known.company,
            contacts=self.company_contacts.contacts,
            truncated=self.company_contacts.truncated,
        )
        return linked if attached is None else asking(Client(), attached.client)
