"""Link contacts to companies (COMP-04), and update the links of a deleted or merged company (COMP-10, DUP-02)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Final, Protocol

from crm_contracts.values import ElementRef

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from shared.elements.domain.missing_clients import ClientRefused
from shared.kit.domain import Cause, NotFound
from shared.kit.storage.repository import Records, Repository

STEP: Final = 10
"""Between two contacts of a company: there is room to move one in between."""


class Positions(Protocol):
    """Knows the order of the contacts of companies."""

    async def last_position(self, company_id: str) -> int:
        """Return the greatest position among the contacts of a company, 0 where it has none."""
        ...


class CompanyContacts(Positions, Protocol):
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
    companies: Records[Company],
    views: Positions,
    is_primary: bool | None = None,
    role_id: int | None = None,
    expected_version: int | None = None,
) -> Contact:
    """Link a contact to a company, last among its contacts, or change how it is linked (CONT-07).

    Two that are linked at once may get one position; the order of such is that of their numbers. A company that is
    deleted at the same time is unlinked when the event about the link is received.

    Raises:
        NotFound: no such contact.
        ClientRefused: no such company.
        TooManyCompanies: the contact has the maximum number.
        PrimaryNeeded: its primary company would be primary no longer.
        VersionMismatch: the caller's copy of the contact is old.
    """
    try:
        company = await companies.get(company_id)
    except NotFound as error:
        await contacts.get(contact_id)  # what is addressed is missed before what it should link
        raise ClientRefused({"company_id": ElementRef(type="company", id=company_id)}, **error.details) from None
    position = await views.last_position(company_id) + STEP
    return await contacts.change(
        contact_id,
        lambda contact: contact.link(
            company.ref, position=position, is_primary=is_primary, role_id=role_id, by=cause.actor, at=cause.at
        ),
        cause,
        expected_version=expected_version,
    )


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
    views: Positions,
) -> None:
    """Unlink a company that was deleted while it was being linked; replace a merged one by its last survivor.

    Call it for each new link, in a reaction: the company may have been deleted after its contacts were looked through.
    """
    found = await companies.find_with_deleted(company_id)
    while found is not None and found.deleted_at is not None:
        survivor = await companies.find_with_deleted(found.merged_into) if found.merged_into else None
        last = await views.last_position(survivor.id) if survivor else 0
        step = cause.step(f"without {found.id}")
        ref = survivor.ref if survivor else None
        await replace_employer(contact_id, found.ref, ref, step, contacts=contacts, last=last)
        found = survivor


async def replace_employer(
    contact_id: str,
    gone: ElementRef,
    survivor: ElementRef | None,
    cause: Cause,
    *,
    contacts: Records[Contact],
    last: int,
) -> None:
    """Unlink a deleted company, or link its survivor instead, after position `last`; a deleted contact is ignored."""

    def change(contact: Contact) -> None:
        if survivor is None:
            contact.unlink(gone.id, by=cause.actor, at=cause.at)
        else:
            contact.replace_company(gone, survivor, last=last, by=cause.actor, at=cause.at)

    with suppress(NotFound):
        await contacts.change(contact_id, change, cause)


async def replace_employer_everywhere(
    gone: ElementRef,
    cause: Cause,
    *,
    contacts: Records[Contact],
    views: CompanyContacts,
    survivor: ElementRef | None = None,
) -> None:
    """Unlink a deleted company from all its contacts, or link its survivor instead; repeated, nothing changes.

    The contacts come after those of the survivor, in the order that they had.
    """
    last = await views.last_position(survivor.id) if survivor else 0
    async for ids in views.contact_ids_of(gone.id):
        await asyncio.gather(
            *(replace_employer(id_, gone, survivor, cause, contacts=contacts, last=last) for id_ in ids)
        )
