"""What the timeline service hears: everything, and what it does about it: it tells."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from crm_contracts.envelope import Envelope, Event
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound

from services.timeline.adapters.mongo import Entries
from services.timeline.domain.narration import NARRATION
from services.timeline.usecases.apply_binding import apply_binding
from services.timeline.usecases.tell_event import tell_event
from shared.kit.domain import Cause


async def on_event(event: Envelope[Event], _: Cause, *, entries: Entries) -> None:
    """Something happened somewhere."""
    await tell_event(event, entries=entries)


async def on_timeline_entry_bound(event: Envelope[TimelineEntryBound], _: Cause, *, entries: Entries) -> None:
    """An entry was bound to one more element by hand."""
    await apply_binding(event.data, event_id=event.id, sequence=event.sequence or 0, entries=entries)
    await tell_event(event, entries=entries)


async def on_timeline_entry_unbound(event: Envelope[TimelineEntryUnbound], _: Cause, *, entries: Entries) -> None:
    """An entry was unbound from an element by hand."""
    await apply_binding(event.data, event_id=event.id, sequence=event.sequence or 0, entries=entries)
    await tell_event(event, entries=entries)


REACTIONS: Mapping[type[Event], Callable[..., Awaitable[Any]]] = {
    **dict.fromkeys(NARRATION, on_event),
    TimelineEntryBound: on_timeline_entry_bound,
    TimelineEntryUnbound: on_timeline_entry_unbound,
}
