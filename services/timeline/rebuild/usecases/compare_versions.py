"""Compare a rebuilt version with the live one (TL-11).

The comparison waits until the live service has consumed all that the rebuild read. Where something differs, it waits
until the live service has consumed all that the topics hold by then, and compares those documents once more: an event
that was being projected during the first comparison is no difference.
"""

import asyncio
from typing import Final

from services.timeline.rebuild.domain import MAX_EXAMPLES, Comparison, Difference, Rebuild
from services.timeline.rebuild.usecases.ports import Comparing, Log
from shared.kit.leases.lease import Hold
from shared.kit.messaging.topic_reader import Places

MAX_SUSPECTS: Final = 10_000
"""More than these are not compared once more: they cannot all be events in progress."""

PAUSE_S: Final = 0.25


async def compare_versions(rebuild: Rebuild, *, comparing: Comparing, log: Log, hold: Hold[Rebuild]) -> Rebuild:
    """Compare, and let the rebuild switch where nothing differs; otherwise the operator decides.

    Raises:
        HeldByAnother: another replica holds it, or it was cancelled.
    """
    await _until_consumed({(place.topic, place.partition): place.end for place in rebuild.places}, log, hold)
    rebuild = await hold(lambda found: found.enter("comparing"))
    counts = {"entries": 0, "marks": 0}
    kinds = {"missing": 0, "extra": 0, "different": 0}
    suspected: list[Difference] = []
    async for name, number, differing in comparing.suspects(rebuild.generation):
        counts[name] += number
        suspected += differing[: MAX_SUSPECTS + 1 - len(suspected)]
        for difference in differing:
            kinds[difference.kind] += 1
        await hold(lambda _: None)
    if 0 < len(suspected) <= MAX_SUSPECTS:
        await _until_consumed(await log.ends(), log, hold)
        suspected = await comparing.confirmed(rebuild.generation, suspected)
        kinds = {kind: sum(found.kind == kind for found in suspected) for kind in kinds}
    comparison = Comparison(**counts, **kinds, examples=tuple(suspected[:MAX_EXAMPLES]))
    return await hold(lambda found: found.decide(comparison))


async def _until_consumed(ends: Places, log: Log, hold: Hold[Rebuild]) -> None:
    while True:
        committed = await log.committed()
        if all(committed.get(place, 0) >= end for place, end in ends.items()):
            return
        await hold(lambda _: None)
        await asyncio.sleep(PAUSE_S)
