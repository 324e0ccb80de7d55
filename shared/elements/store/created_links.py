"""Contacts and companies that are created from an element's Client field are linked to it (CLI-05).

The surprise: that somebody was linked is remembered apart from the element. Told again, long after a user has removed
them, nobody comes back.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final, Generic, TypeVar

from crm_contracts.companies import CompanyCreated
from crm_contracts.contacts import ContactCreated
from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import Aggregate, Cause, NotFound
from shared.kit.storage.collection import Collection
from shared.kit.storage.repository import Repository

E = TypeVar("E", bound=Aggregate)
Welcome = Callable[[E, ElementRef, Cause], None]
"""Puts a new client into an element's Client field."""


class CreatedLinks(Generic[E]):
    """Who was created for this service's elements, and how they get in."""

    def __init__(
        self,
        noted: Collection,
        elements: Repository[E],
        link_created_client: Welcome[E],
        removed_clients: RemovedClients[E],
    ) -> None:
        self._noted = noted
        self._elements = elements
        self._welcome = link_created_client
        self._departures = removed_clients

    async def link(self, event_id: str, client: ElementRef, link_to: ElementRef | None, cause: Cause) -> None:
        """Link a new client to the element that it was created from, once; without that element nothing happens.

        Most clients are created for nobody, or for others: that costs nothing.
        """
        if link_to is None or link_to.type != self._elements.noun or await self._noted.get(event_id):
            return
        with suppress(NotFound):
            await self._elements.change(link_to.id, lambda element: self._welcome(element, client, cause), cause)
        await self._departures.remove_from(link_to.id, [client], cause)
        # Last: what was interrupted before this is done again, and finds itself done as far as it was.
        await self._noted.insert_missing([{"_id": event_id, "element": str(link_to), "client": str(client)}])


async def on_contact_created(event: Envelope[ContactCreated], cause: Cause, *, created_links: CreatedLinks[E]) -> None:
    """A contact is there, perhaps for one of our elements."""
    contact = event.data.contact
    ref = ElementRef(type="contact", id=contact.id, title=contact.full_name)
    await created_links.link(event.id, ref, event.data.link_to, cause)


async def on_company_created(event: Envelope[CompanyCreated], cause: Cause, *, created_links: CreatedLinks[E]) -> None:
    """A company is there, perhaps for one of our elements."""
    ref = ElementRef(type="company", id=event.data.company.id, title=event.data.company.title)
    await created_links.link(event.id, ref, event.data.link_to, cause)


CREATED_LINK_REACTIONS: Final[Mapping[type[Event], Callable[..., Awaitable[None]]]] = {
    ContactCreated: on_contact_created,
    CompanyCreated: on_company_created,
}
