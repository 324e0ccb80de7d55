"""Keep the view of linked elements from their events (CLI-01)."""

from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import ClientFieldEvent, LinkRefused

from services.clients.linked_element.domain import EXTRACTORS
from services.clients.linked_element.store.elements import LinkedElements
from services.clients.linked_element.store.refused_links import RefusedLinks
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


def reactions(*, elements: LinkedElements, refused_links: RefusedLinks) -> Reactions:
    """Reactions of the view; it is to be kept before questions in the same event are answered."""

    async def on_event(event: Envelope[Event], _: Cause) -> None:
        """Apply the change of the event's element."""
        change = EXTRACTORS[type(event.data)](event.data)
        await elements.apply(change, sequence=event.sequence or 0, at=event.time)

    async def on_link_refused(event: Envelope[LinkRefused], _: Cause) -> None:
        """Keep the refusal for the caller who created the client (CLI-05)."""
        refused = event.data
        await refused_links.keep(refused.element, refused.client, refused.code)

    return [
        *(on(event, on_event, name="linked_element") for event in EXTRACTORS),
        *(on(event, on_link_refused) for event in registry.EVENTS.values() if issubclass(event, LinkRefused)),
    ]


def fill_rights(elements: LinkedElements) -> Reactions:
    """Make the reactions that give elements from before what rights look at (0045)."""

    async def on_event(event: Envelope[Event], _: Cause) -> None:
        """Apply what the event says of that."""
        change = EXTRACTORS[type(event.data)](event.data)
        await elements.apply(change.rights_alone, sequence=event.sequence or 0, at=event.time)

    return [on(event, on_event) for event in EXTRACTORS if not issubclass(event, ClientFieldEvent)]
