"""A contact is deleted (COMP-10)."""

from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def delete_contact(
    id_: str, cause: Cause, *, contacts: Repository[Contact], expected_version: int | None = None
) -> None:
    """End it; who links it hears of that.

    Raises:
        NotFound: no such contact, or it was deleted before.
        VersionMismatch: the caller's copy is old.
    """
    await contacts.change(
        id_,
        lambda contact: contact.delete(by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
