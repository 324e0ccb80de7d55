"""An entry that was bound by hand is copied to the elements it was bound to (TL-05)."""

from collections.abc import Sequence
from typing import Protocol

from crm_contracts.values import ElementRef

from services.timeline.domain.entry import Entry


class Projection(Protocol):
    """Where entries and marks go."""

    async def bound_to(self, event_id: str) -> list[ElementRef]:
        """The elements that the entry of an event was ever bound to by hand."""
        ...

    async def first_of(self, event_id: str) -> Entry | None:
        """The entry of the element that the event is about."""
        ...

    async def insert(self, entries: Sequence[Entry]) -> int:
        """Add what is not there yet."""
        ...


async def copy_bound_entry(event_id: str, *, entries: Projection) -> None:
    """Copy it, as soon as both the event and its bindings have been heard of.

    They come on different topics, in a rebuild in any order. Both reactions write first and then call this, so that
    whichever is later sees the other, and neither waits.
    """
    elements = await entries.bound_to(event_id)
    told = await entries.first_of(event_id) if elements else None
    if told is not None:
        await entries.insert([told.bound_to(element) for element in elements])
