"""Contacts and companies that were deleted leave the elements that link them (COMP-10).

The surprise: an answer that names a contact may be older than the contact's end, and come after it. So whoever heard of
an end remembers it, and looks once more after each link: whichever comes later sees the other.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Generic, TypeVar

from crm_contracts.clients import CompanyDeleted, ContactDeleted
from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from shared.kit.domain import Aggregate, Cause, NotFound
from shared.kit.mongo import Collection
from shared.kit.pages import newest_first
from shared.kit.repository import MongoRepository

E = TypeVar("E", bound=Aggregate)

AT_ONCE: Final = 100
FIELDS: Final = {"company": "client.company.id", "contact": "client.contacts.contact_id"}


class Departures(Generic[E]):
    """Who is gone, and how they leave this service's elements."""

    def __init__(
        self, gone: Collection, elements: MongoRepository[E], drop: Callable[[E, ElementRef, Cause], None]
    ) -> None:
        """`drop` takes a client out of an element's Client field, if it is there."""
        self._gone = gone
        self._elements = elements
        self._drop = drop

    async def happened(self, client: ElementRef, cause: Cause) -> None:
        """Remember it, then let every element that links the client go on without."""
        await self._gone.insert_missing([{"_id": str(client)}])
        async for ids in self._linking(client):
            await asyncio.gather(*(self._leave(id_, client, cause) for id_ in ids))

    async def after_linking(self, id_: str, clients: Iterable[ElementRef], cause: Cause) -> None:
        """Take out of an element whom it has just linked and who is gone; the element need not be there."""
        refs = {str(client): client for client in clients}
        if not refs:
            return
        for gone in await self._gone.find({"_id": {"$in": list(refs)}}):
            await self._leave(id_, refs[gone["_id"]], cause.step(f"without {gone['_id']}"))

    async def _leave(self, id_: str, client: ElementRef, cause: Cause) -> None:
        with suppress(NotFound):
            await self._elements.change(id_, lambda element: self._drop(element, client, cause), cause)

    async def _linking(self, client: ElementRef) -> AsyncIterator[Sequence[str]]:
        cursor: str | None = None
        while True:
            where = {FIELDS[client.type]: client.id, "deleted_at": None}
            found, cursor = await newest_first(self._elements.collection, where, limit=AT_ONCE, cursor=cursor)
            yield [document["_id"] for document in found]
            if cursor is None:
                return


async def on_contact_deleted(event: Envelope[ContactDeleted], cause: Cause, *, departures: Departures[E]) -> None:
    """A contact is gone."""
    await departures.happened(event.data.contact, cause)


async def on_company_deleted(event: Envelope[CompanyDeleted], cause: Cause, *, departures: Departures[E]) -> None:
    """A company is gone; its contacts stay (CLI-07)."""
    await departures.happened(event.data.company, cause)


DEPARTURE_REACTIONS: Final[Mapping[type[Event], Callable[..., Awaitable[None]]]] = {
    ContactDeleted: on_contact_deleted,
    CompanyDeleted: on_company_deleted,
}
