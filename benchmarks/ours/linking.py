"""B3: a company with ten contacts is linked to a deal, until they are in the deal."""

from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.load import Pace, closed, paced
from benchmarks.ours.callers import Callers, Refused
from benchmarks.program import Target

CONTACTS = 10


async def measure(target: Target, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """Link one company to existing deals; the request that links waits for the answer."""
    async with Callers(target) as crm:
        company = (await crm.send("POST", "clients", "/companies", {"title": f"ACME {uuid4().hex[:8]}"}))["id"]
        for number in range(CONTACTS):
            contact = (await crm.send("POST", "clients", "/contacts", {"last_name": f"Lovelace {number}"}))["id"]
            await crm.send("PUT", "clients", f"/contacts/{contact}/companies/{company}", {})
        deals = [""] * (warm_up + operations)

        async def create(place: int) -> None:
            deals[place] = (await crm.send("POST", "deals", "/deals", {"title": f"Pumps {place}"}))["id"]

        await closed(create, callers=16, operations=len(deals))

        async def link(number: int) -> None:
            path, wish = f"/deals/{deals[number]}/client", {"company_id": company}
            found = await crm.send("PUT", "deals", path, wish, {"Prefer": "wait=30"})
            if len(found["client"]["contacts"]) != CONTACTS:
                raise Refused(f"not all contacts were attached: {found['client']}")

        return await paced(link, target, warm_up=warm_up, operations=operations, pace=pace)
