"""A contact's company is no more (COMP-10, DUP-02)."""

from contextlib import suppress

from crm_contracts.values import ElementRef

from services.clients.domain.contact import Contact
from shared.kit.domain import Cause, NotFound
from shared.kit.storage.repository import Repository


async def change_employer(
    contact_id: str,
    gone: ElementRef,
    survivor: ElementRef | None,
    cause: Cause,
    *,
    contacts: Repository[Contact],
) -> None:
    """Unlink it, or link the one that it was merged into; a contact that is gone itself needs neither."""

    def change(contact: Contact) -> None:
        if survivor is None:
            contact.unlink(gone.id, by=cause.actor, at=cause.at)
        else:
            contact.replace_company(gone, survivor, by=cause.actor, at=cause.at)

    with suppress(NotFound):
        await contacts.change(contact_id, change, cause)
