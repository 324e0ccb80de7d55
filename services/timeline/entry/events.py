"""Project every event of every service, this one's included."""

from collections.abc import Sequence

from crm_contracts.envelope import Envelope, Event
from crm_contracts.registry import EVENTS

from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.usecases import project_events
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


async def on_events(events: Sequence[Envelope[Event]], *, entries: LiveEntries) -> None:
    """Project a batch of events in one write."""
    await entries.write(lambda version: project_events(events, entries=version))


def reactions(*, entries: LiveEntries) -> Reactions:
    """React to every type of event in the same way."""

    async def on_event(event: Envelope[Event], _: Cause) -> None:
        await on_events([event], entries=entries)

    return [on(event, on_event) for event in EVENTS.values()]
