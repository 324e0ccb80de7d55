"""A contact or company is taken over from another system, as often as that system likes (CMN-14)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.errors import OriginTaken
from shared.kit.domain import Cause, derived_id
from shared.kit.storage.repository_errors import IdTaken

C = TypeVar("C", Contact, Company)
Find = Callable[[str, str], Awaitable[C | None]]
Create = Callable[[str, Mapping[str, Any], tuple[str, str], Cause], Awaitable[C]]
TakeOver = Callable[[str, Mapping[str, Any], Cause], Awaitable[C]]


async def upsert_client(
    noun: str,
    origin: tuple[str, str],
    fields: Mapping[str, Any],
    cause: Cause,
    *,
    find: Find[C],
    create: Create[C],
    take_over: TakeOver[C],
) -> tuple[C, bool]:
    """Create the record of this origin, or correct its fields; its links are left alone.

    Returns:
        The record, and whether it is new.

    Raises:
        Gone: the record of this origin was deleted.
        OriginVersionConflict: it would overwrite what was corrected here (CONT-08).
    """
    found = await find(*origin)
    if found is None:
        try:
            return await create(derived_id(noun, *origin), fields, origin, cause), True
        except (IdTaken, OriginTaken):
            # Somebody else was faster with the same origin.
            found = await find(*origin)
            if found is None:  # it was deleted, and its id is never used again
                return await take_over(derived_id(noun, *origin), fields, cause), False
    return await take_over(found.id, fields, cause), False
