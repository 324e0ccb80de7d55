"""B15: deals are created and corrected over HTTP."""

from typing import Literal

from benchmarks.figures import Run
from benchmarks.load import Pace, closed, paced
from benchmarks.ours.callers import Callers
from benchmarks.program import Target


async def measure(
    target: Target, *, warm_up: int, operations: int, pace: Pace, what: Literal["create", "correct"]
) -> Run:
    """Create a deal, or correct one that is there, in each operation."""
    async with Callers(target) as crm:
        deals = [""] * (warm_up + operations)

        async def create(place: int) -> None:
            deals[place] = (await crm.send("POST", "deals", "/deals", _a_deal(place)))["id"]

        async def correct(place: int) -> None:
            await crm.send(
                "PATCH", "deals", f"/deals/{deals[place]}", {"title": f"Valves {place}", "comments": "By May."}
            )

        if what == "correct":
            await closed(create, callers=16, operations=len(deals))
        one = create if what == "create" else correct
        return await paced(one, target, warm_up=warm_up, operations=operations, pace=pace)


def _a_deal(number: int) -> dict[str, object]:
    amount = {"value": str(1000 + number), "currency": "EUR"}
    return {
        "title": f"Pumps {number}",
        "amount": amount,
        "source_id": "WEB",
        "comments": "Before the end of the month.",
    }
