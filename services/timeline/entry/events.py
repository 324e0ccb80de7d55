"""Project every event of every service, this one's included, and keep what some tell of rights (PERM-01, PERM-08)."""

from collections.abc import Sequence

from crm_contracts.envelope import Envelope, Event
from crm_contracts.registry import EVENTS

from services.timeline.access.store import AccessedElements
from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.usecases import project_events
from shared.elements.events.rights import keep_rights
from shared.elements.store.rights import RightsOfUsers
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


async def on_events(
    events: Sequence[Envelope[Event]], *, entries: LiveEntries, rights: RightsOfUsers, accessed: AccessedElements
) -> None:
    """Project a batch of events in one write, and before it what they change of who may read that."""
    await accessed.apply(events)
    await entries.write(lambda version: project_events(events, entries=version))
    await keep_rights(events, rights=rights)


def reactions(*, entries: LiveEntries, rights: RightsOfUsers, accessed: AccessedElements) -> Reactions:
    """React to every type of event in the same way."""

    async def on_event(event: Envelope[Event], _: Cause) -> None:
        await on_events([event], entries=entries, rights=rights, accessed=accessed)

    return [on(event, on_event) for event in EVENTS.values()]
