"""A company is no more: its contacts go on without it, or with the one that it was merged into (COMP-10, DUP-02)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from crm_contracts.values import ElementRef

from services.clients.domain.contact import Contact
from services.clients.usecases.change_employer import change_employer
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


class CompanyContacts(Protocol):
    """Knows who works for a company."""

    def contact_ids_of(self, company_id: str) -> AsyncIterator[Sequence[str]]:
        """All of them, some at a time."""
        ...


async def leave_company(
    gone: ElementRef,
    cause: Cause,
    *,
    contacts: Repository[Contact],
    views: CompanyContacts,
    survivor: ElementRef | None = None,
) -> None:
    """Unlink all its contacts, or link them to the survivor instead; done before, it changes nothing."""
    async for ids in views.contact_ids_of(gone.id):
        await asyncio.gather(*(change_employer(id_, gone, survivor, cause, contacts=contacts) for id_ in ids))
