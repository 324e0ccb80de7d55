"""The bare limit of B3: the deal is changed, clients answer with the company's contacts, the deal is changed again.

4 document writes and 3 events; see `bus` for how they are done. The contacts need not be looked up here.
"""

import asyncio
from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.limits import sizes
from benchmarks.limits.bus import CLIENTS, DEALS, Bus, Received, text
from benchmarks.load import Pace, paced
from benchmarks.program import Target


class Chain:
    """Deals and clients as one process."""

    def __init__(self, target: Target) -> None:
        self.bus = Bus(target, {"clients": (self._clients, (DEALS,)), "deals": (self._deals, (CLIENTS,))})
        self._done: dict[str, asyncio.Future[None]] = {}

    async def link(self, id_: str) -> None:
        """Link one company, until the contacts are in the deal."""
        done = self._done[id_] = asyncio.get_running_loop().create_future()
        await self.bus.update("deals", [id_], sizes.DEAL_CHANGE)
        await self.bus.publish(DEALS, [(id_, "client_changed")])
        await done

    async def _clients(self, received: Received) -> None:
        asked = [(id_, "ten_contacts_resolved") for id_, kind in received if kind == "client_changed"]
        noted = self.bus.update("elements", [id_ for id_, _ in received], sizes.ELEMENT_CHANGE)
        await asyncio.gather(self.bus.publish(CLIENTS, asked), noted)

    async def _deals(self, received: Received) -> None:
        ids = [id_ for id_, _ in received]
        await self.bus.update("deals", ids, sizes.DEAL_CHANGE)
        for id_ in ids:
            self._done.pop(id_).set_result(None)
        await self.bus.publish(DEALS, [(id_, "ten_contacts_attached") for id_ in ids])


async def measure(target: Target, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """Measure as for the services."""
    chain = Chain(target)
    async with chain.bus:
        ids = [str(uuid4()) for _ in range(warm_up + operations)]
        await chain.bus.insert("deals", [{"_id": id_, "state": text(sizes.DEAL)} for id_ in ids])
        await chain.bus.insert("elements", [{"_id": id_, "state": text(sizes.ELEMENT)} for id_ in ids])
        return await paced(
            lambda number: chain.link(ids[number]), target, warm_up=warm_up, operations=operations, pace=pace
        )
