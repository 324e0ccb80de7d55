"""The bare limit of B3: the deal is changed, clients answer with the company's contacts, the deal is changed again.

4 document writes and 3 events; see `bus` for how they are done. The contacts need not be looked up here.
"""

import asyncio
from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.limits import sizes
from benchmarks.limits.bus import CLIENTS, DEALS, Bus, Heard, text
from benchmarks.load import Pace, paced
from benchmarks.program import Where


class Chain:
    """Deals and clients as one process."""

    def __init__(self, where: Where) -> None:
        self.bus = Bus(where, {"clients": (self._clients, (DEALS,)), "deals": (self._deals, (CLIENTS,))})
        self._done: dict[str, asyncio.Future[None]] = {}

    async def link(self, id_: str) -> None:
        """One link, until the contacts stand in the deal."""
        done = self._done[id_] = asyncio.get_running_loop().create_future()
        await self.bus.update("deals", [id_], sizes.DEAL_CHANGE)
        await self.bus.say(DEALS, [(id_, "client_changed")])
        await done

    async def _clients(self, heard: Heard) -> None:
        asked = [(id_, "ten_contacts_resolved") for id_, kind in heard if kind == "client_changed"]
        noted = self.bus.update("elements", [id_ for id_, _ in heard], sizes.ELEMENT_CHANGE)
        await asyncio.gather(self.bus.say(CLIENTS, asked), noted)

    async def _deals(self, heard: Heard) -> None:
        ids = [id_ for id_, _ in heard]
        await self.bus.update("deals", ids, sizes.DEAL_CHANGE)
        for id_ in ids:
            self._done.pop(id_).set_result(None)
        await self.bus.say(DEALS, [(id_, "ten_contacts_attached") for id_ in ids])


async def measure(where: Where, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """As for the services."""
    chain = Chain(where)
    async with chain.bus:
        ids = [str(uuid4()) for _ in range(warm_up + operations)]
        await chain.bus.insert("deals", [{"_id": id_, "state": text(sizes.DEAL)} for id_ in ids])
        await chain.bus.insert("elements", [{"_id": id_, "state": text(sizes.ELEMENT)} for id_ in ids])
        return await paced(
            lambda number: chain.link(ids[number]), where, warm_up=warm_up, operations=operations, pace=pace
        )
