"""B2: a lead becomes a contact, a company and a deal, until the last of its timeline entries can be read."""

from typing import Final
from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.load import Pace, closed, paced
from benchmarks.ours.callers import Callers, a_lead
from benchmarks.ours.entries import Entries
from benchmarks.program import Target

WISH: Final = {"targets": ["contact", "company", "deal"]}
_QUIET_S: Final = 2.0
"""Without any new entry: a busy machine delivers those of one conversion up to a second apart."""


async def measure(target: Target, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """Convert leads that were created before."""
    async with Callers(target) as crm, Entries(target) as entries:
        run = uuid4().hex[:8]
        leads = await prepared(crm, 1 + warm_up + operations)

        async def convert(number: int, expected: int) -> str:
            chain = f"{run}-{number}"
            path = f"/leads/{leads[number]}/conversion"
            await crm.send("POST", "leads", path, WISH, {"X-Correlation-Id": chain})
            await entries.reach(chain, expected)
            return chain

        # What a conversion comes to depends on the revision, and is counted by the first one, which runs alone.
        await entries.idle(_QUIET_S)
        expected = await entries_of(entries, await convert(warm_up + operations, 1))
        return await paced(
            lambda number: convert(number, expected), target, warm_up=warm_up, operations=operations, pace=pace
        )


async def prepared(crm: Callers, number: int) -> list[str]:
    """Create so many leads, and return their ids."""
    found: list[str] = [""] * number
    run = uuid4().hex[:8]

    async def create(place: int) -> None:
        found[place] = (await crm.send("POST", "leads", "/leads", a_lead(place, run)))["id"]

    await closed(create, callers=16, operations=number)
    return found


async def entries_of(entries: Entries, chain: str) -> int:
    """Count the entries of a conversion, once no more come."""
    await entries.reach(chain, 1)
    await entries.idle(_QUIET_S)
    return entries.seen(chain)
