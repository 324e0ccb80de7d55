"""What was bound or unbound by hand shows, or no longer shows, in a timeline (TL-05, TL-11)."""

from collections.abc import Sequence
from typing import Protocol

from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound
from crm_contracts.values import ElementRef

from services.timeline.domain.entry import Entry
from shared.kit.domain import NotYet


class Projection(Protocol):
    """Where entries and marks go."""

    async def of_event(self, event_id: str) -> list[Entry]:
        """The entries of an event."""
        ...

    async def insert(self, entries: Sequence[Entry]) -> int:
        """Add what is not there yet."""
        ...

    async def mark(self, event_id: str, element: ElementRef, *, mark_id: str, sequence: int, shown: bool) -> None:
        """Note that an entry is shown or hidden from here on."""
        ...


async def apply_binding(
    said: TimelineEntryBound | TimelineEntryUnbound, *, event_id: str, sequence: int, entries: Projection
) -> None:
    """Copy the entry to the element, or hide it there; of several such news the one with the highest sequence counts.

    Raises:
        NotYet: the event that the entry tells of has not been told yet, as may happen in a rebuild.
    """
    told = await entries.of_event(said.entry_event_id)
    if not told:
        message = f"event {said.entry_event_id} has not been told yet"
        raise NotYet(message)
    shown = isinstance(said, TimelineEntryBound)
    if shown:
        await entries.insert([told[0].bound_to(said.element)])
    await entries.mark(said.entry_event_id, said.element, mark_id=event_id, sequence=sequence, shown=shown)
