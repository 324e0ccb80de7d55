"""Fields of a contact are corrected (CONT-01)."""

from collections.abc import Mapping
from typing import Any

from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.repository import Repository


async def correct_contact(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    contacts: Repository[Contact],
    expected_version: int | None = None,
) -> Contact:
    """Set the given fields; values that stand there already are no change.

    Raises:
        NotFound: no such contact.
        NameMissing: it could no longer be called anything.
        Stale: the caller's copy is old.
    """
    return await contacts.change(
        id_, lambda found: found.correct(changes, by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )
