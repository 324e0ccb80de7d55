"""An event becomes entries, one for each element that it names (TL-01, TL-11)."""

from crm_contracts.envelope import Envelope, Event

from services.timeline.domain.entry import Entry
from services.timeline.domain.narration import tell
from services.timeline.usecases.copy_bound_entry import Projection, copy_bound_entry


async def tell_event(event: Envelope[Event], *, entries: Projection) -> None:
    """Tell it; told before, it changes nothing."""
    await entries.insert([Entry.of(event, line, place) for place, line in enumerate(tell(event))])
    await copy_bound_entry(event.id, entries=entries)
