"""Cards whose Client field a new contact or company is created from (CLI-05).

Clients links nothing. The element's own service links the new client when it receives the event; whether it has done so
is read from the view of linked elements, and whether it refused to, from its answer.
"""

from typing import NamedTuple

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef

from services.clients.linked_element.store.elements import LinkedElements
from services.clients.linked_element.store.refused_links import RefusedLinks
from services.clients.records.schemas.records import LinkState, LinkToIn
from shared.elements.http.rights import RoleAccess, check_writes
from shared.kit.web.call import Call
from shared.kit.web.waiting import LongPolls, Wait


class CardLink(NamedTuple):
    """How far the link of a new client to its card got; `refusal` is the code of a card that refused it."""

    state: LinkState
    refusal: str | None = None


class Cards:
    """Checks who may link to cards, and waits for their links."""

    def __init__(self, elements: LinkedElements, refused_links: RefusedLinks, long_polls: LongPolls) -> None:
        self._elements = elements
        self._refused_links = refused_links
        self._long_polls = long_polls

    async def element_of(self, link_to: LinkToIn | None, call: Call) -> ElementRef | None:
        """Return the element to be linked to, if any; one that is not known here is judged by its own service.

        Raises:
            Forbidden: the caller may not write elements of its type.
            NotFound, RightMissing: the caller may not read it, or not update it.
        """
        if link_to is None:
            return None
        check_writes(call, [link_to.type])
        element = ElementRef(type=link_to.type, id=link_to.id)
        known = await self._elements.accessed(element)
        if known is not None and isinstance(call.access, RoleAccess):
            call.access.check_accessed("update", ELEMENTS[element.type], element.id, known)
        return element

    async def link(self, client: ElementRef, link_to: ElementRef | None, wait: Wait) -> CardLink:
        """Wait until the element links the client or refuses to, as long as the caller wants to wait."""
        if link_to is None:
            return CardLink("none")

        async def read() -> CardLink:
            if await self._elements.links(link_to, client):
                return CardLink("done")
            code = await self._refused_links.code_of(link_to, client)
            return CardLink("pending") if code is None else CardLink("refused", code)

        return await self._long_polls.until(read, lambda link: link.state != "pending", wait)
