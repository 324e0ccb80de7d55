"""Cards whose Client field a new contact or company is created from (CLI-05).

Clients links nothing. The element's own service links the new client when it receives the event; whether it has done so
is read from the view of linked elements.
"""

from crm_contracts.values import ElementRef

from services.clients.linked_element.store import LinkedElements
from services.clients.records.schemas.records import LinkState, LinkToIn
from shared.elements.http.rights import check_writes
from shared.kit.web.call import Call
from shared.kit.web.waiting import LongPolls, Wait


class Cards:
    """Checks who may link to cards, and waits for their links."""

    def __init__(self, elements: LinkedElements, long_polls: LongPolls) -> None:
        self._elements = elements
        self._long_polls = long_polls

    def element_of(self, link_to: LinkToIn | None, call: Call) -> ElementRef | None:
        """Return the element to be linked to, if any.

        Raises:
            Forbidden: the caller may not write elements of its type.
        """
        if link_to is None:
            return None
        check_writes(call, [link_to.type])
        return ElementRef(type=link_to.type, id=link_to.id)

    async def link_state(self, client: ElementRef, link_to: ElementRef | None, wait: Wait) -> LinkState:
        """Wait until the element links the client, as long as the caller wants to wait."""

        async def state() -> LinkState:
            if link_to is None:
                return "none"
            return "done" if await self._elements.links(link_to, client) else "pending"

        return await self._long_polls.until(state, lambda found: found != "pending", wait)
