"""A contact no longer works for a company (COMP-04)."""

from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def unlink_contact(
    contact_id: str,
    company_id: str,
    cause: Cause,
    *,
    contacts: Repository[Contact],
    expected_version: int | None = None,
) -> Contact:
    """Unlink them; not linked is a success without effect.

    Raises:
        NotFound: no such contact.
        VersionMismatch: the caller's copy of the contact is old.
    """
    return await contacts.change(
        contact_id,
        lambda contact: contact.unlink(company_id, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
