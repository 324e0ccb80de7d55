"""Keep the view of who may read elements, for the time before it was there (0045)."""

from typing import Final

from crm_contracts import topics
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Created, Deleted, Merged, Replaced, StageChanged, Updated
from crm_contracts.registry import EVENTS

from services.timeline.access.store import AccessedElements
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on

TOPICS: Final = (topics.LEADS, topics.DEALS, topics.CLIENTS, topics.CATALOG)
"""Where elements are spoken of."""

_TELLING: Final = (Created, Updated, Merged, StageChanged, Deleted, Replaced)


def access_reactions(accessed: AccessedElements) -> Reactions:
    """Make the reactions to every event that may tell who has rights to an element."""

    async def on_event(event: Envelope[Event], _: Cause) -> None:
        """Keep what it tells."""
        await accessed.apply([event])

    return [on(each, on_event) for each in EVENTS.values() if issubclass(each, _TELLING)]
