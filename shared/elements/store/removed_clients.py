"""Contacts and companies that were deleted leave the elements that link them, merged ones make room (COMP-10, DUP-02).

The surprise: an answer that names a contact may be older than the contact's end, and come after it; and a record may
have been merged into one whose end was heard of long ago. So whoever heard of an end remembers it, and looks once more
after each link: whichever comes later sees the other.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Generic, TypeVar

from crm_contracts.companies import CompanyDeleted, CompanyReplaced
from crm_contracts.contacts import ContactDeleted, ContactReplaced
from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from shared.kit.domain import Aggregate, Cause, NotFound
from shared.kit.storage.collection import Collection
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import newest_first

E = TypeVar("E", bound=Aggregate)
Drop = Callable[[E, ElementRef, ElementRef | None, Cause], None]
"""Takes a client out of an element's Client field, if it is there, or puts its survivor in its place."""

AT_ONCE: Final = 100
FIELDS: Final = {"company": "client.company.id", "contact": "client.contacts.contact_id"}


class RemovedClients(Generic[E]):
    """Who is gone, and how they leave this service's elements."""

    def __init__(self, gone: Collection, elements: MongoRepository[E], drop: Drop[E]) -> None:
        self._gone = gone
        self._elements = elements
        self._drop = drop

    async def remove_everywhere(self, client: ElementRef, cause: Cause, *, survivor: ElementRef | None = None) -> None:
        """Remember it, then let every element that links the client go on without, or with its survivor."""
        into = survivor.model_dump() if survivor else None
        await self._gone.insert_missing([{"_id": str(client), "survivor": into}])
        async for ids in self._linking(client):
            await asyncio.gather(*(self._leave(id_, client, survivor, cause) for id_ in ids))

    async def remove_from(self, id_: str, clients: Iterable[ElementRef], cause: Cause) -> None:
        """Take out of an element whom it has just linked and who is gone; the element need not be there."""
        linked = {str(client): client for client in clients}
        if not linked:
            return
        for gone in await self._gone.find({"_id": {"$in": list(linked)}}):
            into = gone.get("survivor")
            await self._leave(id_, linked[gone["_id"]], ElementRef.model_validate(into) if into else None, cause)

    async def without_removed(self, element: E, contacts: Iterable[ElementRef], cause: Cause) -> E:
        """The element as it is without those of these contacts, linked by hand, who are gone (CLI-02)."""
        refs = list(contacts)
        await self.remove_from(element.id, refs, cause)
        return await self._elements.get(element.id) if refs else element

    async def _leave(self, id_: str, client: ElementRef, survivor: ElementRef | None, cause: Cause) -> None:
        step = cause.step(f"without {client}")
        with suppress(NotFound):
            await self._elements.change(id_, lambda element: self._drop(element, client, survivor, step), step)
        if survivor is not None:
            # Who may be gone as well, and may have been let go of under this very cause before coming in again.
            await self.remove_from(id_, [survivor], step)

    async def _linking(self, client: ElementRef) -> AsyncIterator[Sequence[str]]:
        cursor: str | None = None
        while True:
            where = {FIELDS[client.type]: client.id, "deleted_at": None}
            found, cursor = await newest_first(self._elements.collection, where, limit=AT_ONCE, cursor=cursor)
            yield [document["_id"] for document in found]
            if cursor is None:
                return


async def on_contact_deleted(
    event: Envelope[ContactDeleted], cause: Cause, *, removed_clients: RemovedClients[E]
) -> None:
    """A contact is gone."""
    await removed_clients.remove_everywhere(event.data.contact, cause)


async def on_company_deleted(
    event: Envelope[CompanyDeleted], cause: Cause, *, removed_clients: RemovedClients[E]
) -> None:
    """A company is gone; its contacts stay (CLI-07)."""
    await removed_clients.remove_everywhere(event.data.company, cause)


async def on_contact_replaced(
    event: Envelope[ContactReplaced], cause: Cause, *, removed_clients: RemovedClients[E]
) -> None:
    """A contact was merged into another one."""
    await removed_clients.remove_everywhere(event.data.contact, cause, survivor=event.data.survivor)


async def on_company_replaced(
    event: Envelope[CompanyReplaced], cause: Cause, *, removed_clients: RemovedClients[E]
) -> None:
    """A company was merged into another one."""
    await removed_clients.remove_everywhere(event.data.company, cause, survivor=event.data.survivor)


REMOVED_CLIENT_REACTIONS: Final[Mapping[type[Event], Callable[..., Awaitable[None]]]] = {
    ContactDeleted: on_contact_deleted,
    CompanyDeleted: on_company_deleted,
    ContactReplaced: on_contact_replaced,
    CompanyReplaced: on_company_replaced,
}
