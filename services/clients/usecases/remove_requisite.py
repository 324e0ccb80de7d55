"""Requisites of a contact or a company are removed (REQ-01)."""

from typing import TypeVar

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository

C = TypeVar("C", Contact, Company)


async def remove_requisite(
    owner_id: str, requisite_id: str, cause: Cause, *, owners: Repository[C], expected_version: int | None = None
) -> C:
    """Remove them with their addresses and bank details.

    Raises:
        NotFound: no such owner, or it has no such requisite.
        VersionMismatch: the caller's copy is old.
    """
    return await owners.change(
        owner_id,
        lambda owner: owner.remove_requisite(requisite_id, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
