"""Whoever was merged into another one is looked for there (DUP-02)."""

from typing import TypeVar

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from shared.kit.storage.repository import Repository

C = TypeVar("C", Contact, Company)


async def follow_merges(id_: str, *, owners: Repository[C]) -> C | None:
    """Itself, or the one that it was merged into in the end, deleted or not; None where there never was one."""
    found = await owners.find_with_deleted(id_)
    while found is not None and found.merged_into is not None:
        found = await owners.find_with_deleted(found.merged_into)
    return found
