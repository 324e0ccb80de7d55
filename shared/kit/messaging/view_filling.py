"""Fill a view that is new to an installation from the events of its time before (0045).

The group of a service has passed those events already, and its new reactions handle only what comes after. So each
replica reads the topics once more from the beginning, beside the subscription, until the view is marked as filled.
While a new version is rolled out a replica of the old one may still pass events, without the new reactions: for a while
the end of the topics is read up to again before the view is marked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from crm_contracts.envelope import Envelope, Event

from shared.kit.domain import Clock
from shared.kit.messaging.reactions import Reactions, by_event
from shared.kit.messaging.topic_reader import Places, TopicReader
from shared.kit.storage.filled_views import FilledViews

ROLL_OUT: Final = timedelta(minutes=15)
"""How long replicas of an older version may go on beside this one."""


async def always() -> bool:
    """Fill every installation, also one whose group has passed nothing yet."""
    return True


class ViewFilling:
    """Applies reactions, which must bear any order and repetition, to all events of the time before them."""

    def __init__(
        self,
        view: str,
        reactions: Reactions,
        open_reader: Callable[[], TopicReader],
        filled: FilledViews,
        *,
        clock: Clock,
        needed: Callable[[], Awaitable[bool]] = always,
    ) -> None:
        """Fill the view of this name, where it is `needed`; `filled` remembers which ones are."""
        self._view = view
        self._reactions = by_event(reactions)
        self._open_reader = open_reader
        self._filled = filled
        self._clock = clock
        self._needed = needed
        self._began: datetime | None = None
        self._reached: Places | None = None
        self._is_filled = False

    async def fill_view(self) -> int:
        """Read what is new since the last run, and count the events; nothing once the view is filled."""
        self._is_filled = self._is_filled or await self._filled.is_filled(self._view) or not await self._needed()
        if self._is_filled:
            return 0
        began = self._began = self._began or self._clock()
        is_last = self._clock() - began >= ROLL_OUT
        applied = await self._read_on()
        await self._filled.mark_read(self._view, self._clock())
        if is_last:
            await self._filled.mark_filled(self._view, self._clock())
        return applied

    async def _read_on(self) -> int:
        applied = 0
        async with self._open_reader() as reader:
            ends = await reader.ends()
            start = await reader.beginnings() if self._reached is None else self._reached
            async for batch in reader.read(start, ends):
                events = [event for event in batch.events if type(event.data) in self._reactions]
                await asyncio.gather(*(self._apply(event) for event in events))
                applied += len(events)
            self._reached = ends
        return applied

    async def _apply(self, event: Envelope[Event]) -> None:
        for reaction in self._reactions[type(event.data)]:
            await reaction.handle(event, reaction.cause(event, at=self._clock()))
