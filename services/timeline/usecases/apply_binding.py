"""What was bound or unbound by hand shows, or no longer shows, in a timeline (TL-05, TL-11)."""

from typing import Protocol

from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound
from crm_contracts.values import ElementRef

from services.timeline.usecases.copy_bound_entry import Projection as Copies
from services.timeline.usecases.copy_bound_entry import copy_bound_entry


class Projection(Copies, Protocol):
    """Where entries and marks go."""

    async def mark(self, event_id: str, element: ElementRef, *, mark_id: str, sequence: int, shown: bool) -> None:
        """Note that an entry is shown or hidden from here on."""
        ...


async def apply_binding(
    said: TimelineEntryBound | TimelineEntryUnbound, *, event_id: str, sequence: int, entries: Projection
) -> None:
    """Show the entry in the element's timeline, or hide it there.

    Of several such news about one entry and element the one with the highest sequence counts, in whatever order they
    come.
    """
    shown = isinstance(said, TimelineEntryBound)
    await entries.mark(said.entry_event_id, said.element, mark_id=event_id, sequence=sequence, shown=shown)
    await copy_bound_entry(said.entry_event_id, entries=entries)
