"""Claims on phones and e-mails of clients that are about to be created."""

from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.values import ElementRef, Value

from services.clients.conversion.domain.sought import Sought


class Claim(Value):
    """The record that is about to be created with a phone or an e-mail, and the resolution that creates it."""

    holder: ElementRef
    resolution_id: str


def claims_of(request: LeadConversionRequested, sought: Sought, resolution_id: str) -> dict[str, Claim]:
    """Build the claims by their keys, which every conversion takes in their order, so that no deadlock is possible.

    A company is found by its title only when it exists itself, and not when its contact does.
    """
    contact = ElementRef(type="contact", id=request.proposed_contact_id)
    company = ElementRef(type="company", id=request.proposed_company_id)
    first = contact if "contact" in request.client_targets else company
    keys = [
        *(f"phone:{phone}" for phone in sought.phones),
        *(f"email:{email}" for email in sought.emails),
        *(f"typed:{key}" for key in sought.typed),
    ]
    claims = {key: Claim(holder=first, resolution_id=resolution_id) for key in keys}
    if sought.company:
        claims[f"title:{sought.company}"] = Claim(holder=company, resolution_id=resolution_id)
    return claims
