"""A contact is entered (CONT-01)."""

from collections.abc import Mapping
from typing import Any

from crm_contracts.values import ElementRef

from services.clients.domain.codes import CONTACT_CODES, Dictionaries
from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository


async def create_contact(
    id_: str,
    fields: Mapping[str, Any],
    origin: tuple[str, str] | None,
    cause: Cause,
    *,
    contacts: Repository[Contact],
    dictionaries: Dictionaries,
    numbers: Numbers,
    link_to: ElementRef | None = None,
) -> Contact:
    """Create it; the caller is responsible unless somebody is named, and fields with a dictionary have a default.

    The element that it is created from, if any, links it when it hears of it (CLI-05).

    Raises:
        NameMissing: it cannot be called anything.
        UnknownValue: naming every field with a code that its dictionary has not (DICT-01).
        OriginTaken: the origin belongs to another contact.
    """
    codes = await dictionaries.codes(CONTACT_CODES)
    given = {"responsible_id": cause.subject, **codes.for_new(fields)}
    return await contacts.add_numbered(
        lambda number: Contact.create(id_, number, given, by=cause.actor, at=cause.at, origin=origin, link_to=link_to),
        cause,
        numbers,
    )
