"""Link contacts to companies (COMP-04), and update the links of a deleted or merged company (COMP-10, DUP-02)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol

from crm_contracts.values import ElementRef

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.employment import check_can_link
from shared.kit.domain import Cause, NotFound
from shared.kit.storage.repository import Records, Repository


class ContactCount(Protocol):
    """Counts the contacts of companies."""

    async def number_of_contacts(self, company_id: str) -> int:
        """Count the contacts of a company."""
        ...


class ContactIds(Protocol):
    """Lists the contacts of companies."""

    def contact_ids_of(self, company_id: str) -> AsyncIterator[Sequence[str]]:
        """Iterate over the ids of all contacts of a company, some at a time."""
        ...


async def link_contact(
    contact_id: str,
    company_id: str,
    cause: Cause,
    *,
    contacts: Records[Contact],
    companies: Repository[Company],
    views: ContactCount,
    is_primary: bool | None = None,
    role_id: int | None = None,
    expected_version: int | None = None,
) -> Contact:
    """Link a contact to a company, last among its contacts, or change how it is linked (CONT-07).

    A company that is deleted at the same time is unlinked when the event about the link is received.

    Raises:
        NotFound: no such contact or company.
        Invalid: `too_many_companies`.
        VersionMismatch: the caller's copy of the contact is old.
    """
    company = await companies.get(company_id)
    position = 10 * (await views.number_of_contacts(company_id) + 1)

    def link(contact: Contact) -> None:
        check_can_link(contact.companies, company_id)
        contact.link(
            company.ref, position=position, is_primary=is_primary, role_id=role_id, by=cause.actor, at=cause.at
        )

    return await contacts.change(contact_id, link, cause, expected_version=expected_version)


async def unlink_contact(
    contact_id: str,
    company_id: str,
    cause: Cause,
    *,
    contacts: Records[Contact],
    expected_version: int | None = None,
) -> Contact:
    """Unlink a contact from a company; not linked, nothing changes.

    Raises:
        NotFound: no such contact.
        VersionMismatch: the caller's copy of the contact is old.
    """
    return await contacts.change(
        contact_id,
        lambda contact: contact.unlink(company_id, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )


async def reconcile_employer(
    contact_id: str,
    company_id: str,
    cause: Cause,
    *,
    contacts: Records[Contact],
    companies: Repository[Company],
) -> None:
    """Unlink a company that was deleted while it was being linked; replace a merged one by its last survivor.

    Call it for each new link, in a reaction: the company may have been deleted after its contacts were looked through.
    """
    found = await companies.find_with_deleted(company_id)
    while found is not None and found.deleted_at is not None:
        survivor = await companies.find_with_deleted(found.merged_into) if found.merged_into else None
        step = cause.step(f"without {found.id}")
        await replace_employer(contact_id, found.ref, survivor.ref if survivor else None, step, contacts=contacts)
        found = survivor


async def replace_employer(
    contact_id: str,
    gone: ElementRef,
    survivor: ElementRef | None,
    cause: Cause,
    *,
    contacts: Records[Contact],
) -> None:
    """Unlink a deleted company, or link its survivor instead; a deleted contact is ignored."""

    def change(contact: Contact) -> None:
        if survivor is None:
            contact.unlink(gone.id, by=cause.actor, at=cause.at)
        else:
            contact.replace_company(gone, survivor, by=cause.actor, at=cause.at)

    with suppress(NotFound):
        await contacts.change(contact_id, change, cause)


async def replace_employer_everywhere(
    gone: ElementRef,
    cause: Cause,
    *,
    contacts: Records[Contact],
    views: ContactIds,
    survivor: ElementRef | None = None,
) -> None:
    """Unlink a deleted company from all its contacts, or link its survivor instead; repeated, nothing changes."""
    async for ids in views.contact_ids_of(gone.id):
        await asyncio.gather(*(replace_employer(id_, gone, survivor, cause, contacts=contacts) for id_ in ids))
