"""Keep the view of linked elements from their events (CLI-01)."""

from crm_contracts.envelope import Envelope, Event

from services.clients.linked_element.domain import EXTRACTORS
from services.clients.linked_element.store import LinkedElements
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


def reactions(*, elements: LinkedElements) -> Reactions:
    """Reactions of the view; it is to be kept before questions in the same event are answered."""

    async def on_event(event: Envelope[Event], _: Cause) -> None:
        """Apply the change of the event's element."""
        change = EXTRACTORS[type(event.data)](event.data)
        await elements.apply(change, sequence=event.sequence or 0, at=event.time)

    return [on(event, on_event, name="linked_element") for event in EXTRACTORS]
