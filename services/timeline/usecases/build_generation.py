"""A generation of the projection is told from the topics' beginning, while the live one goes on (TL-11).

The surprise: it does not run after new events. From `begin` on the live service tells each of them to both
generations; only what was on the topics by then has to be read, so the end is known from the start.
"""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Protocol

from crm_contracts.envelope import Envelope, Event

from services.timeline.domain.rebuild import Rebuild
from services.timeline.usecases.hold_rebuild import Hold
from services.timeline.usecases.tell_events import Projection, tell_events
from shared.kit.messaging.failures import is_transient
from shared.kit.messaging.topic_reader import Batch, Places


class Log(Protocol):
    """The topics, from their beginning."""

    async def beginnings(self) -> Places:
        """The first offsets that are still there."""
        ...

    async def ends(self) -> Places:
        """The offsets that the next records will get."""
        ...

    def read(self, start: Places, ends: Places) -> AsyncIterator[Batch]:
        """Everything from `start` to before `ends`."""
        ...


class Generation(Projection, Protocol):
    """Where entries and marks go."""

    async def ensure(self) -> None:
        """Make its collections and indexes."""
        ...


class Generations(Protocol):
    """All of them."""

    def generation(self, number: int) -> Generation:
        """One, which need not be there."""
        ...

    async def begin(self, number: int) -> None:
        """From here on everything new is written to this one too."""
        ...


async def build_generation(rebuild: Rebuild, *, generations: Generations, log: Log, hold: Hold) -> Rebuild:
    """Tell all of it, from where it was left.

    Raises:
        HeldByAnother: another replica took it over, or it was cancelled.
    """
    entries = generations.generation(rebuild.generation)
    await entries.ensure()
    await generations.begin(rebuild.generation)
    if not rebuild.places:
        # In this order: what the live service told without knowing of this generation is before these ends.
        starts, ends = await log.beginnings(), await log.ends()
        rebuild = await hold(lambda found: found.plan(starts, ends))
    starts = {(place.topic, place.partition): place.next for place in rebuild.places}
    ends = {(place.topic, place.partition): place.end for place in rebuild.places}
    async for batch in log.read(starts, ends):
        advance = partial(
            Rebuild.advance,
            reached=batch.next,
            unreadable=batch.unreadable,
            unknown=batch.unknown,
            untold=await _tell(batch.events, entries),
        )
        await hold(advance)
    return await hold(lambda found: found.go_on("catching_up"))


async def _tell(events: Sequence[Envelope[Event]], entries: Projection) -> int:
    """Tell them; the number of those that the live service parks, because they can never be told."""
    try:
        await tell_events(events, entries=entries)
    except Exception as error:
        if is_transient(error):
            raise
        if len(events) == 1:
            return 1
        return sum([await _tell([event], entries) for event in events])
    return 0
