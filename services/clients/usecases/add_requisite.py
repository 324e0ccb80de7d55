"""A contact or a company gets requisites (REQ-01)."""

from typing import TypeVar

from crm_contracts.requisites import Requisite

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository

C = TypeVar("C", Contact, Company)


async def add_requisite(
    owner_id: str, requisite: Requisite, cause: Cause, *, owners: Repository[C], expected_version: int | None = None
) -> C:
    """Add them; the same again changes nothing.

    Raises:
        NotFound: no such owner.
        RequisiteNotValid: naming every wrong field.
        TooManyRequisites: there is no room for one more.
        VersionMismatch: the caller's copy is old.
    """
    return await owners.change(
        owner_id,
        lambda owner: owner.add_requisite(requisite, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
