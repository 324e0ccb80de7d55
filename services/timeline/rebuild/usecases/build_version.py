"""Project all events from the topics' beginning into a new version, while the live one is written, too (TL-11).

After `begin` the live service writes every new event to both versions. Only what the topics held by then has to be
read, so the end is known from the start.
"""

from collections.abc import Sequence
from functools import partial

from crm_contracts.envelope import Envelope, Event

from services.timeline.entry.usecases import Projection, project_events
from services.timeline.rebuild.domain import Rebuild
from services.timeline.rebuild.usecases.ports import Log, Versions
from shared.kit.leases.lease import Hold
from shared.kit.messaging.failures import is_transient


async def build_version(rebuild: Rebuild, *, versions: Versions, log: Log, hold: Hold[Rebuild]) -> Rebuild:
    """Project everything, continuing at the offsets that the rebuild has reached.

    Raises:
        HeldByAnother: another replica holds it, or it was cancelled.
    """
    entries = versions.version(rebuild.generation)
    await entries.ensure()
    await versions.begin(rebuild.generation)
    if not rebuild.places:
        # Offsets are read after `begin`: what the live service wrote to the old version alone lies before them.
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
            untold=await _project(batch.events, entries),
        )
        await hold(advance)
    return await hold(lambda found: found.enter("catching_up"))


async def _project(events: Sequence[Envelope[Event]], entries: Projection) -> int:
    """Project the events, and count those that never can be, which the live service dead-letters."""
    try:
        await project_events(events, entries=entries)
    except Exception as error:
        if is_transient(error):
            raise
        if len(events) == 1:
            return 1
        return sum([await _project([event], entries) for event in events])
    return 0
