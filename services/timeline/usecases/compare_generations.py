"""A generation that has been told anew is compared with the live one (TL-11).

Two moments are waited for: first until the live service has handled all that was read here, so that it does not lack
what it has not heard yet; and where something differs, until it has handled all that is on the topics by then, so that
nothing counts that was being told just as it was looked at.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

from services.timeline.domain.rebuild import MAX_EXAMPLES, Comparison, Difference, Rebuild
from services.timeline.usecases.hold_rebuild import Hold
from shared.kit.messaging.topic_reader import Places

MAX_SUSPECTS: Final = 10_000
"""More than these are never a matter of the moment, and are not looked at again."""

PAUSE_S: Final = 0.25


class Log(Protocol):
    """The topics, and how far the live service has heard them."""

    async def ends(self) -> Places:
        """The offsets that the next records will get."""
        ...

    async def heard(self) -> Places:
        """How far the live service has handled everything."""
        ...


class Generations(Protocol):
    """All of them."""

    def suspects(self, number: int) -> AsyncIterator[tuple[str, int, list[Difference]]]:
        """What the live one and this one do not have in common at this moment, page by page."""
        ...

    async def confirmed(self, number: int, suspected: Sequence[Difference]) -> list[Difference]:
        """Those of them that still differ."""
        ...


async def compare_generations(rebuild: Rebuild, *, generations: Generations, log: Log, hold: Hold) -> Rebuild:
    """Compare them and judge: equal, it is to be switched; otherwise the operator decides.

    Raises:
        HeldByAnother: another replica took it over, or it was cancelled.
    """
    await _until_heard({(place.topic, place.partition): place.end for place in rebuild.places}, log, hold)
    rebuild = await hold(lambda found: found.go_on("comparing"))
    counts = {"entries": 0, "marks": 0}
    kinds = {"missing": 0, "extra": 0, "different": 0}
    suspected: list[Difference] = []
    async for name, number, differing in generations.suspects(rebuild.generation):
        counts[name] += number
        suspected += differing[: MAX_SUSPECTS + 1 - len(suspected)]
        for difference in differing:
            kinds[difference.kind] += 1
        await hold(lambda _: None)
    if 0 < len(suspected) <= MAX_SUSPECTS:
        await _until_heard(await log.ends(), log, hold)
        suspected = await generations.confirmed(rebuild.generation, suspected)
        kinds = {kind: sum(found.kind == kind for found in suspected) for kind in kinds}
    comparison = Comparison(**counts, **kinds, examples=tuple(suspected[:MAX_EXAMPLES]))
    return await hold(lambda found: found.judge(comparison))


async def _until_heard(ends: Places, log: Log, hold: Hold) -> None:
    while True:
        heard = await log.heard()
        if all(heard.get(place, 0) >= end for place, end in ends.items()):
            return
        await hold(lambda _: None)
        await asyncio.sleep(PAUSE_S)
