"""B12: deals are listed by generated filters, by a user whom no role restricts, or by one who reads his own alone."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import deals
from benchmarks.figures import Run
from benchmarks.load import Pace, paced
from benchmarks.ours.callers import Callers
from benchmarks.program import Target
from deploy.local.keys import find_keys

_ROLE: Final = {"name": "Own deals", "rights": [{"element": "deal", "levels": {"read": "own"}}]}


async def measure(target: Target, *, is_restricted: bool, first: int, warm_up: int, operations: int, pace: Pace) -> Run:
    """Read the first page of one filter in each operation, from a filter on; count the pages that are incomplete."""
    target = await as_reader(target, is_restricted=is_restricted)
    incomplete = 0
    async with Callers(target) as crm:

        async def ask(number: int) -> None:
            nonlocal incomplete
            page = await crm.send("POST", "deals", "/deals/query", deals.query(first + number - warm_up))
            incomplete += number >= warm_up and not page["complete"]

        run = await paced(ask, target, warm_up=warm_up, operations=operations, pace=pace)
    return replace(run, counted={"incomplete": incomplete})


async def as_reader(target: Target, *, is_restricted: bool) -> Target:
    """Return the target with the token of the user whose pages are read, who has one role if any."""
    if not is_restricted:
        return target
    token = find_keys(Path(target.directory) / "keys").token(deals.user(0), roles=["user"])
    theirs = replace(target, token=token)
    async with Callers(target) as admin, Callers(theirs) as crm:
        await admin.send("PUT", "catalog", "/roles/own-deals", {**_ROLE, "user_ids": [deals.user(0)]})
        others = {"filter": {"responsible_id": deals.user(1)}, "limit": 1}
        while (await crm.send("POST", "deals", "/deals/query", others))["items"]:
            pass
    return theirs
