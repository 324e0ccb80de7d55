"""A contact is entered (CONT-01)."""

from collections.abc import Mapping
from typing import Any

from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.mongo import Numbers
from shared.kit.repository import Repository


async def create_contact(
    id_: str,
    fields: Mapping[str, Any],
    origin: tuple[str, str] | None,
    cause: Cause,
    *,
    contacts: Repository[Contact],
    numbers: Numbers,
) -> Contact:
    """Create it; the caller is responsible for it unless somebody else is named.

    Raises:
        NameMissing: it cannot be called anything.
        OriginTaken: the origin belongs to another contact.
    """
    given = {"responsible_id": cause.subject, **fields}
    return await contacts.add_numbered(
        lambda number: Contact.create(id_, number, given, by=cause.actor, at=cause.at, origin=origin), cause, numbers
    )
