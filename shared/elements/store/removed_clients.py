"""Unlink deleted contacts and companies from the elements that link them, and replace merged ones (COMP-10, DUP-02).

An answer that names a contact may be older than its deletion and be delivered after it, and a record may have been
merged into one whose deletion was received long ago. So each deletion is kept, and checked again by every reaction that
links: whichever of the two comes later sees the other. A link that a user makes is pending, and clients, which is asked
for it by the event, knows who was deleted before.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol, TypeAlias

from crm_contracts.values import ElementRef

from shared.elements.domain.traits import HasClient
from shared.kit.domain import Cause, NotFound
from shared.kit.storage.collection import Collection
from shared.kit.storage.pages import newest_first
from shared.kit.storage.repository import A_co, Records

AT_ONCE: Final = 100
FIELDS: Final = {"company": "client.company.id", "contact": "client.contacts.contact_id"}


class LinkingRecords(Records[A_co], Protocol[A_co]):
    """Elements that can be found by the clients that they link."""

    @property
    def collection(self) -> Collection:
        """Where they are stored."""
        ...

    @property
    def kind(self) -> type[A_co]:
        """Their class."""
        ...


Owners: TypeAlias = Mapping[str, LinkingRecords[HasClient]]
"""The elements of a service that have a Client field, by the noun of their type."""


class RemovedClients:
    """The deleted clients, and how they are removed from a service's elements."""

    def __init__(self, removed: Collection, owners: Owners) -> None:
        self._removed = removed
        self._owners = owners

    async def remove_everywhere(self, client: ElementRef, cause: Cause, *, survivor: ElementRef | None = None) -> None:
        """Keep the deletion, then unlink the client, or link its survivor, in every element that links it."""
        into = survivor.model_dump() if survivor else None
        await self._removed.insert_missing([{"_id": str(client), "survivor": into}])
        for noun, elements in self._owners.items():
            async for ids in self._linking(elements.collection, client):
                refs = [ElementRef(type=noun, id=id_) for id_ in ids]
                await asyncio.gather(*(self._unlink(ref, client, survivor, cause) for ref in refs))

    async def remove_from(self, element: ElementRef, clients: Iterable[ElementRef], cause: Cause) -> None:
        """Remove from an element those just linked clients that were deleted before; it may be gone itself."""
        linked = {str(client): client for client in clients}
        if not linked:
            return
        for removed in await self._removed.get_each(linked):
            into = removed.get("survivor")
            survivor = ElementRef.model_validate(into) if into else None
            await self._unlink(element, linked[removed["_id"]], survivor, cause)

    async def _unlink(self, element: ElementRef, client: ElementRef, survivor: ElementRef | None, cause: Cause) -> None:
        step = cause.step(f"without {client}")
        with suppress(NotFound):
            await self._owners[element.type].change(
                element.id,
                lambda found: found.unlink_deleted_client(client, survivor, by=step.actor, at=step.at),
                step,
            )
        if survivor is not None:
            # It may have been deleted as well, and may have been unlinked under this very cause before.
            await self.remove_from(element, [survivor], step)

    @staticmethod
    async def _linking(elements: Collection, client: ElementRef) -> AsyncIterator[Sequence[str]]:
        cursor: str | None = None
        while True:
            where = {FIELDS[client.type]: client.id, "deleted_at": None}
            found, cursor = await newest_first(elements, where, limit=AT_ONCE, cursor=cursor)
            yield [document["_id"] for document in found]
            if cursor is None:
                return
