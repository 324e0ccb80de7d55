"""Add the record that a conversion creates, under the id that it proposed."""

from collections.abc import Callable
from typing import TypeVar

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import IdTaken

R = TypeVar("R", Contact, Company)


async def add_or_find(owners: Repository[R], make: Callable[[int], R], cause: Cause, numbers: Numbers) -> R:
    """Add the record, or return the one that an earlier attempt of this conversion created under the same id.

    Raises:
        IdTaken: the id belongs to another record, or to one that was deleted since.
    """
    wanted: list[R] = []

    def made(number: int) -> R:
        wanted[:] = [make(number)]
        return wanted[0]

    try:
        return await owners.add_numbered(made, cause, numbers)
    except IdTaken:
        found = await owners.find(wanted[0].id)
        # Only conversions set `lead_id`.
        if found is None or found.lead_id != wanted[0].lead_id:
            raise
        return found
