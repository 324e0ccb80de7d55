"""An event becomes entries, one for each element that it names (TL-01, TL-11)."""

from collections.abc import Sequence
from typing import Protocol

from crm_contracts.envelope import Envelope, Event

from services.timeline.domain.entry import Entry
from services.timeline.domain.narration import tell


class Projection(Protocol):
    """Where entries go."""

    async def insert(self, entries: Sequence[Entry]) -> int:
        """Add what is not there yet; how many there were."""
        ...


async def tell_event(event: Envelope[Event], *, entries: Projection) -> None:
    """Tell it; told before, it changes nothing."""
    await entries.insert([Entry.of(event, line) for line in tell(event)])
