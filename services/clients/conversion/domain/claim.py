"""Claims on phones and e-mails of clients that are about to be created."""

from crm_contracts.values import ElementRef, Value

from services.clients.conversion.domain.sought import Sought


class Claim(Value):
    """The record that is about to be created with a phone or an e-mail, and the resolution that creates it."""

    holder: ElementRef
    resolution_id: str


def claim_keys(sought: Sought) -> list[str]:
    """Build the keys in the one order in which every conversion takes them, so that no deadlock is possible."""
    phones = (f"phone:{phone}" for phone in sought.phones)
    emails = (f"email:{email}" for email in sought.emails)
    return sorted({*phones, *emails, *(f"typed:{key}" for key in sought.typed)})


def title_keys(sought: Sought) -> list[str]:
    """Build the keys of the company's title, which every conversion takes after the others."""
    return [f"title:{sought.company}"] if sought.company else []
