"""The bare limit of B2: what the shortest conversion needs of MongoDB and Kafka, done by one process and nothing else.

None of our code, no web framework, no validation, no reads, no secondary indexes, no outboxes to clear. Three hops
(leads, clients, deals, leads), and per conversion:

- 7 events: `conversion_requested` of the lead; `company_created`, `contact_created` and `client_resolved` of clients;
  `deal_created`; `converted` and `stage_changed` of the lead.
- 11 document writes, each of which a correct chain cannot do without:

  1. the lead, when it is asked: the request must survive a crash, freeze the data and refuse other changes;
  2. the lead, when it ends: result and stage in one write, with the events that say so;
  3. the claim on its phone and
  4. the claim on its e-mail: without them two leads of one person, converted at once on two replicas, make two
     contacts. Two documents, because another lead may share only one of the two;
  5. the resolution, before a client is made: a redelivery must follow what was decided, not look again and find the
     very contact that the first delivery made;
  6. the company and
  7. the contact: the result itself;
  8. the resolution, with the answer in its outbox: an answer before the clients are there could name clients that
     never come to be;
  9. the deal, at once with its company and contacts: the result itself;
  10. in clients' view the lead and
  11. in clients' view the deal: which elements a client is linked to is asked of clients, and what to unlink when it
      is deleted or merged.

- 7 timeline documents, one for each event, with the elements that it names.

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
                "leads": (self._leads, (DEALS,)),
                "deals": (self._deals, (CLIENTS,)),
                "timeline": (self._timeline, (LEADS, DEALS, CLIENTS)),
            },
        )
        self._done: dict[str, asyncio.Future[None]] = {}
        self._entries: dict[str, int] = {}

    async def prepare(self, ids: Sequence[str]) -> None:
        """Insert the leads."""
        await self.bus.insert("leads", [{"_id": id_, "state": text(sizes.LEAD)} for id_ in ids])

    async def convert(self, id_: str) -> None:
        """Convert one lead, until its last timeline document is written."""
        done = self._done[id_] = asyncio.get_running_loop().create_future()
        await self.bus.update("leads", [id_], sizes.LEAD_CHANGE)
        await self.bus.publish(LEADS, [(id_, "conversion_requested")])
        await done

    async def _clients(self, received: Received) -> None:
        await asyncio.gather(
            self._make_clients(_about(received, "conversion_requested")),
            self._note_elements(received),
        )

    async def _note_elements(self, received: Received) -> None:
        new = [f"deal:{id_}" for id_ in _about(received, "deal_created")]
        new += [f"lead:{id_}" for id_ in _about(received, "converted")]
        if new:
            await self.bus.insert("elements", [{"_id": id_, "state": text(sizes.ELEMENT)} for id_ in new])

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
        resolved = _about(received, "client_resolved")
        if resolved:
            await self.bus.insert("deals", [{"_id": id_, "state": text(sizes.DEAL)} for id_ in resolved])
            await self.bus.publish(DEALS, [(id_, "deal_created") for id_ in resolved])

    async def _leads(self, received: Received) -> None:
        opened = _about(received, "deal_created")
        if opened:
            await self.bus.update("leads", opened, sizes.LEAD_CHANGE)
            await self.bus.publish(LEADS, [(id_, kind) for id_ in opened for kind in ("converted", "stage_changed")])

    async def _timeline(self, received: Received) -> None:
        await self.bus.insert(
            "entries", [{"_id": f"{id_}:{kind}", "entry": text(sizes.ENTRY)} for id_, kind in received]
        )
        for id_, _ in received:
            self._entries[id_] = self._entries.get(id_, 0) + 1
            if self._entries[id_] == len(sizes.CONVERSION):
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
