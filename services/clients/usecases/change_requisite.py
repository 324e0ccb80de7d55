"""Requisites of a contact or a company change (REQ-01)."""

from typing import TypeVar

from crm_contracts.requisites import Requisite

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository

C = TypeVar("C", Contact, Company)


async def change_requisite(
    owner_id: str, requisite: Requisite, cause: Cause, *, owners: Repository[C], expected_version: int | None = None
) -> C:
    """Put it in the place of the one with its id.

    Raises:
        NotFound: no such owner, or it has no such requisite.
        RequisiteNotValid: naming every wrong field.
        VersionMismatch: the caller's copy is old.
    """
    return await owners.change(
        owner_id,
        lambda owner: owner.change_requisite(requisite, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
