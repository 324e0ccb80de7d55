"""A contact is linked to a company (COMP-04, CONT-07)."""

from typing import Protocol

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.usecases.check_employer import check_employer
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


class CompanyContacts(Protocol):
    """Knows who works for a company."""

    async def number_of_contacts(self, company_id: str) -> int:
        """How many contacts a company has."""
        ...


async def link_contact(
    contact_id: str,
    company_id: str,
    cause: Cause,
    *,
    contacts: Repository[Contact],
    companies: Repository[Company],
    views: CompanyContacts,
    is_primary: bool | None = None,
    role_id: int = 0,
    expected_version: int | None = None,
) -> Contact:
    """Link them, the contact last among the company's; linked already is a success without effect.

    Raises:
        NotFound: no such contact or company, or it is deleted just now.
        VersionMismatch: the caller's copy of the contact is old.
    """
    company = await companies.get(company_id)
    place = 10 * (await views.number_of_contacts(company_id) + 1)
    await contacts.change(
        contact_id,
        lambda contact: contact.link(
            company.ref, position=place, is_primary=is_primary, role_id=role_id, by=cause.actor, at=cause.at
        ),
        cause,
        expected_version=expected_version,
    )
    await check_employer(contact_id, company_id, cause, contacts=contacts, companies=companies)
    await companies.get(company_id)
    return await contacts.get(contact_id)
