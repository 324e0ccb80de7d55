"""Add, change and remove requisites of a contact or a company (REQ-01)."""

from crm_contracts.requisites import Requisite

from services.clients.records.domain.client import C
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records


async def add_requisite(
    owner_id: str, requisite: Requisite, cause: Cause, *, owners: Records[C], expected_version: int | None = None
) -> C:
    """Add requisites; the same again changes nothing.

    Raises:
        NotFound: no such owner.
        RequisiteNotValid: names every wrong field.
        RequisiteIdTaken: the owner has others of this id.
        TooManyRequisites: the owner has the maximum number.
        VersionMismatch: the caller's copy is old.
    """
    return await owners.change(
        owner_id,
        lambda owner: owner.add_requisite(requisite, key=cause.key, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )


async def change_requisite(
    owner_id: str, requisite: Requisite, cause: Cause, *, owners: Records[C], expected_version: int | None = None
) -> C:
    """Replace the requisites with the same id.

    Raises:
        NotFound: no such owner, or it has no such requisites.
        RequisiteNotValid: names every wrong field.
        VersionMismatch: the caller's copy is old.
    """
    return await owners.change(
        owner_id,
        lambda owner: owner.change_requisite(requisite, key=cause.key, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )


async def remove_requisite(
    owner_id: str, requisite_id: str, cause: Cause, *, owners: Records[C], expected_version: int | None = None
) -> C:
    """Remove requisites with their addresses and bank details.

    Raises:
        NotFound: no such owner, or it has no such requisites.
        VersionMismatch: the caller's copy is old.
    """
    return await owners.change(
        owner_id,
        lambda owner: owner.remove_requisite(requisite_id, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
