"""B9: a lead is converted until deal, contact and company can be read back over HTTP, as one counts at other CRMs."""

import asyncio

from benchmarks.figures import Run
from benchmarks.load import Pace, paced
from benchmarks.ours.callers import Callers
from benchmarks.ours.conversion import WISH, prepared
from benchmarks.program import Target

_WAIT = {"Prefer": "wait=30"}
_LOOK_S = 0.02


async def measure(target: Target, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """Convert leads that were created before; each ends when its deal names the contact and company that are read."""
    async with Callers(target) as crm:
        leads = await prepared(crm, warm_up + operations)

        async def convert(number: int) -> None:
            path = f"/leads/{leads[number]}/conversion"
            found = await crm.send("POST", "leads", path, WISH, _WAIT)
            while found["state"] == "running":
                await asyncio.sleep(_LOOK_S)
                found = await crm.send("GET", "leads", path)
            contact, company = found["contact"]["id"], found["company"]["id"]
            await crm.send("GET", "clients", f"/contacts/{contact}")
            await crm.send("GET", "clients", f"/companies/{company}")
            while not await _names(crm, found["deal"]["id"], contact, company):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(_LOOK_S)

        return await paced(convert, target, warm_up=warm_up, operations=operations, pace=pace)


async def _names(crm: Callers, deal: str, contact: str, company: str) -> bool:
    client = (await crm.send("GET", "deals", f"/deals/{deal}"))["client"]
    linked = [each["contact_id"] for each in client["contacts"]]
    return client["company"] is not None and client["company"]["id"] == company and contact in linked
