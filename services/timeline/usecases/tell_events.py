"""Events become entries, one for each element that each of them names (TL-01, TL-05, TL-11).

The surprise: the live service tells what came in together, a rebuild by the hundred, and both tell here. An entry that
was bound by hand is copied as soon as both its event and the binding have been heard of; they come on different
topics, in a rebuild in any order. Everything is written first and looked for afterwards, so that whichever is later
sees the other, and neither waits.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from services.timeline.domain.entry import Entry, Mark
from services.timeline.domain.narration import tell


class Projection(Protocol):
    """Where entries and marks go."""

    async def insert(self, entries: Sequence[Entry]) -> None:
        """Add what is not there yet, in this order."""
        ...

    async def mark(self, marks: Sequence[Mark]) -> None:
        """Note what was bound and unbound by hand."""
        ...

    async def bound_to(self, event_ids: Collection[str]) -> Mapping[str, list[ElementRef]]:
        """The elements that the entries of these events were ever bound to by hand, by event."""
        ...

    async def firsts_of(self, event_ids: Collection[str]) -> list[Entry]:
        """The entries of the elements that these events are about."""
        ...


async def tell_events(events: Sequence[Envelope[Event]], *, entries: Projection) -> None:
    """Tell them; told before, they change nothing."""
    marks = [mark for event in events if (mark := Mark.of(event)) is not None]
    await entries.mark(marks)
    await entries.insert([entry for event in events for entry in _entries_of(event)])
    await _copy_bound({event.id for event in events} | {mark.event_id for mark in marks}, entries)


def _entries_of(event: Envelope[Event]) -> list[Entry]:
    told = [Entry.of(event, line, place) for place, line in enumerate(tell(event))]
    # Copies are made of the first: it comes last, so that no copy takes the place of an entry not yet there.
    return told[::-1]


async def _copy_bound(event_ids: Collection[str], entries: Projection) -> None:
    bound = await entries.bound_to(event_ids)
    if bound:
        firsts = await entries.firsts_of(bound)
        await entries.insert([first.bound_to(element) for first in firsts for element in bound[first.event_id]])
