"""B2: a lead becomes a contact, a company and a deal, until the last of its timeline entries can be read."""

import asyncio
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic
from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.load import closed, open_loop
from benchmarks.ours.callers import Callers, a_lead
from benchmarks.ours.entries import Entries
from benchmarks.program import Where
from benchmarks.resources import with_cpu

WARM_UP = 40
_QUIET_S = 1.0


async def measure(where: Where, *, operations: int, callers: int | None = None, per_second: float | None = None) -> Run:
    """So many conversions by so many callers, or so many per second; their leads are created before."""
    async with Callers(where) as crm, Entries(where) as entries:
        run = uuid4().hex[:8]
        leads = await _leads(crm, run, WARM_UP + operations)

        async def convert(number: int, *, expected: int) -> str:
            chain = f"{run}-{number}"
            wish = {"targets": ["contact", "company", "deal"]}
            headers = {"X-Correlation-Id": chain}
            await crm.send("POST", "leads", f"/leads/{leads[number]}/conversion", wish, headers)
            await entries.reach(chain, expected)
            return chain

        expected = await entries_of(entries, await convert(0, expected=1))
        numbers = count(1)
        operation = partial(convert, expected=expected)
        await closed(operation, callers=8, operations=WARM_UP - 1, numbers=numbers)
        if callers is not None:
            window = closed(operation, callers=callers, operations=operations, numbers=numbers)
        else:
            window = open_loop(operation, per_second=per_second or 1, operations=operations, numbers=numbers)
        return await with_cpu(Path(where.directory), window)


async def _leads(crm: Callers, run: str, number: int) -> list[str]:
    found: list[str] = [""] * number

    async def create(place: int) -> None:
        found[place] = (await crm.send("POST", "leads", "/leads", a_lead(place, run)))["id"]

    await closed(create, callers=16, operations=number)
    return found


async def entries_of(entries: Entries, chain: str) -> int:
    """How many entries a conversion has, once no more come."""
    seen, since = 0, monotonic()
    while monotonic() - since < _QUIET_S or not seen:
        await asyncio.sleep(0.05)
        if entries.seen(chain) != seen:
            seen, since = entries.seen(chain), monotonic()
    return seen
