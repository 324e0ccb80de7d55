"""Whoever linked a contact to a company looks once more (COMP-10, DUP-02).

The company may have ended meanwhile, after its contacts were looked through.
"""

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.usecases.change_employer import change_employer
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def check_employer(
    contact_id: str,
    company_id: str,
    cause: Cause,
    *,
    contacts: Repository[Contact],
    companies: Repository[Company],
) -> None:
    """Unlink a company that was deleted; link the one that it was merged into, however often that happened."""
    found = await companies.find_with_deleted(company_id)
    while found is not None and found.deleted_at is not None:
        survivor = await companies.find_with_deleted(found.merged_into) if found.merged_into else None
        step = cause.step(f"without {found.id}")
        await change_employer(contact_id, found.ref, survivor.ref if survivor else None, step, contacts=contacts)
        found = survivor
