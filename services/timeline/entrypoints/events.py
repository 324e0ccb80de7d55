"""What the timeline service hears: everything, and what it does about it: it tells."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from crm_contracts.envelope import Envelope, Event

from services.timeline.adapters.generations import LiveEntries
from services.timeline.domain.narration import NARRATION
from services.timeline.usecases.tell_events import tell_events
from shared.kit.domain import Cause


async def on_events(events: Sequence[Envelope[Event]], *, entries: LiveEntries) -> None:
    """Much happened: one write for all of it."""
    await entries.write(lambda generation: tell_events(events, entries=generation))


async def on_event(event: Envelope[Event], _: Cause, *, entries: LiveEntries) -> None:
    """Something happened somewhere."""
    await on_events([event], entries=entries)


REACTIONS: Mapping[type[Event], Callable[..., Awaitable[Any]]] = dict.fromkeys(NARRATION, on_event)
