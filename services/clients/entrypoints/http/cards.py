"""Cards whose Client field a new contact or company is created from (CLI-05).

The surprise: nobody here links anything. The element's own service does, when it hears of the client; whether it has
is seen in what clients hears of elements.
"""

from crm_contracts.values import ElementRef

from services.clients.adapters.elements import Elements
from services.clients.entrypoints.schemas.records import LinkState, LinkToIn
from shared.kit.web.auth import Forbidden
from shared.kit.web.call import Call
from shared.kit.web.waiting import LongPolls


class Cards:
    """Who may link to them, and whether they link."""

    def __init__(self, elements: Elements, long_polls: LongPolls) -> None:
        self._elements = elements
        self._waiters = long_polls

    def chosen(self, link_to: LinkToIn | None, call: Call) -> ElementRef | None:
        """The element to be linked to, if any.

        Raises:
            Forbidden: the caller may not write elements of its type.
        """
        if link_to is None:
            return None
        permission = f"{link_to.type}s:write"
        if not call.caller.may(permission):
            raise Forbidden(permission)
        return ElementRef(type=link_to.type, id=link_to.id)

    async def link_state(self, client: ElementRef, link_to: ElementRef | None, call: Call) -> LinkState:
        """Whether the element links the client, as soon as it does or when the caller's patience is over."""
        if link_to is None:
            return "none"
        is_linked = await self._waiters.until(lambda: self._elements.links(link_to, client), bool, call.wait_s)
        return "done" if is_linked else "pending"
