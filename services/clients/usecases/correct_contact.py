"""Fields of a contact are corrected (CONT-01)."""

from collections.abc import Mapping
from typing import Any

from services.clients.domain.codes import CONTACT_CODES, Dictionaries
from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def correct_contact(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    contacts: Repository[Contact],
    dictionaries: Dictionaries,
    expected_version: int | None = None,
) -> Contact:
    """Set the given fields; values that stand there already are no change.

    Raises:
        NotFound: no such contact.
        NameMissing: it could no longer be called anything.
        UnknownValue: naming every field with a code that neither its dictionary has nor the record (DICT-01).
        VersionMismatch: the caller's copy is old.
    """
    codes = await dictionaries.codes(CONTACT_CODES, changes)
    return await contacts.change(
        id_,
        lambda found: found.correct(codes.for_standing(changes, found), by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
