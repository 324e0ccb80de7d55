"""Claims on phones and e-mails of clients that are about to be created."""

from collections.abc import Sequence

from crm_contracts.values import ElementRef, Value


class Claim(Value):
    """The record that is about to be created with a phone or an e-mail, and the resolution that creates it."""

    holder: ElementRef
    resolution_id: str


def claim_keys(phones: Sequence[str], emails: Sequence[str]) -> list[str]:
    """Build the keys in the one order in which every conversion takes them, so that no deadlock is possible."""
    return sorted({*(f"phone:{phone}" for phone in phones), *(f"email:{email}" for email in emails)})
