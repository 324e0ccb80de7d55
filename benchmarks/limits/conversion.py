"""The bare limit of B2: what one conversion needs of MongoDB and Kafka, done by one process and nothing else.

None of our code, no web framework, no validation, no reads, no secondary indexes, no outboxes to clear. Per conversion
(counted on the services by `python -m benchmarks count`):

- 14 document writes: the lead three times (asked, client known, done); in clients two claims, the decision, the
  company, the contact, the answer, and what it keeps in view of the lead (once) and the deal (twice); the deal twice
  (opened, contacts of its company attached).
- 10 events of the sizes that ours have: 4 of the lead, 4 of clients, 2 of the deal.
- 20 timeline entries, one for each element that each event names.

Each step begins when the message of the step before has come through Kafka. Whatever can be done at once is done at
once: a stage takes all messages that are there, and writes all documents of one step in one command.
"""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from benchmarks.figures import Run
from benchmarks.limits import sizes
from benchmarks.limits.bus import CLIENTS, DEALS, LEADS, Bus, Received, text
from benchmarks.load import Pace, paced
from benchmarks.program import Target


class Chain:
    """All five services as one process."""

    def __init__(self, target: Target) -> None:
        self.bus = Bus(
            target,
            {
                "clients": (self._clients, (LEADS, DEALS)),
                "leads": (self._leads, (CLIENTS, DEALS)),
                "deals": (self._deals, (LEADS, CLIENTS)),
                "timeline": (self._timeline, (LEADS, DEALS, CLIENTS)),
            },
        )
        self._done: dict[str, asyncio.Future[None]] = {}
        self._entries: dict[str, int] = {}

    async def prepare(self, ids: Sequence[str]) -> None:
        """Insert the leads."""
        await self.bus.insert("leads", [{"_id": id_, "state": text(sizes.LEAD)} for id_ in ids])

    async def convert(self, id_: str) -> None:
        """Convert one lead, until its last timeline entry is written."""
        done = self._done[id_] = asyncio.get_running_loop().create_future()
        await self.bus.update("leads", [id_], sizes.LEAD_CHANGE)
        await self.bus.publish(LEADS, [(id_, "conversion_requested")])
        await done

    async def _clients(self, received: Received) -> None:
        await asyncio.gather(
            self.bus.publish(CLIENTS, [(id_, "contacts_resolved") for id_ in _about(received, "deal_created")]),
            self._make_clients(_about(received, "conversion_requested")),
            self._note_elements(received),
        )

    async def _note_elements(self, received: Received) -> None:
        new = [f"deal:{id_}" for id_ in _about(received, "deal_created")]
        new += [f"lead:{id_}" for id_ in _about(received, "converted")]
        attached = [f"deal:{id_}" for id_ in _about(received, "contacts_attached")]
        if new:
            await self.bus.insert("elements", [{"_id": id_, "state": text(sizes.ELEMENT)} for id_ in new])
        if attached:
            await self.bus.update("elements", attached, sizes.ELEMENT_CHANGE)

    async def _make_clients(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        keys = [f"{kind}:{id_}" for id_ in ids for kind in ("phone", "email")]
        await self.bus.insert("claims", [{"_id": key, "holder": text(sizes.CLAIM)} for key in keys])
        await self.bus.insert("resolutions", [{"_id": id_, "state": text(sizes.RESOLUTION)} for id_ in ids])
        await asyncio.gather(
            self.bus.insert("companies", [{"_id": id_, "state": text(sizes.COMPANY)} for id_ in ids]),
            self.bus.insert("contacts", [{"_id": id_, "state": text(sizes.CONTACT)} for id_ in ids]),
        )
        await self.bus.update("resolutions", ids, sizes.RESOLUTION)
        kinds = ("company_created", "contact_created", "client_resolved")
        await self.bus.publish(CLIENTS, [(id_, kind) for id_ in ids for kind in kinds])

    async def _deals(self, received: Received) -> None:
        asked, resolved = _about(received, "deal_requested"), _about(received, "contacts_resolved")
        if asked:
            await self.bus.insert("deals", [{"_id": id_, "state": text(sizes.DEAL)} for id_ in asked])
            await self.bus.publish(DEALS, [(id_, "deal_created") for id_ in asked])
        if resolved:
            await self.bus.update("deals", resolved, sizes.DEAL_CHANGE)
            await self.bus.publish(DEALS, [(id_, "contacts_attached") for id_ in resolved])

    async def _leads(self, received: Received) -> None:
        resolved, opened = _about(received, "client_resolved"), _about(received, "deal_created")
        if resolved or opened:
            await self.bus.update("leads", [*resolved, *opened], sizes.LEAD_CHANGE)
            requested = [(id_, "deal_requested") for id_ in resolved]
            await self.bus.publish(
                LEADS, requested + [(id_, kind) for id_ in opened for kind in ("converted", "stage_changed")]
            )

    async def _timeline(self, received: Received) -> None:
        entries = [
            {"_id": f"{id_}:{kind}:{place}", "entry": text(sizes.ENTRY)}
            for id_, kind in received
            for place in range(sizes.ENTRIES[kind])
        ]
        await self.bus.insert("entries", entries)
        for id_, kind in received:
            self._entries[id_] = self._entries.get(id_, 0) + sizes.ENTRIES[kind]
            if self._entries[id_] == sum(sizes.ENTRIES.values()):
                self._done.pop(id_).set_result(None)


def _about(received: Received, wanted: str) -> list[str]:
    return [id_ for id_, kind in received if kind == wanted]


async def measure(target: Target, *, warm_up: int, operations: int, pace: Pace) -> Run:
    """Measure as for the services."""
    chain = Chain(target)
    async with chain.bus:
        ids = [str(uuid4()) for _ in range(warm_up + operations)]
        await chain.prepare(ids)
        return await paced(
            lambda number: chain.convert(ids[number]), target, warm_up=warm_up, operations=operations, pace=pace
        )
