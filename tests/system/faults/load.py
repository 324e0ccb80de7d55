"""What the callers do while things break, and a note of every answer, to be held against the data afterwards.

Each caller insists. What was not answered is sent again, as the client of the operator does, so a call
may arrive twice; that it counts once is part of what is proved.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

from deploy.cli.answers import Answer, Problem
from deploy.cli.client import Crm, address
from deploy.cli.conversions import ConversionRequest, convert
from tests.system.faults.beside import Beside

_COMPANIES: Final = 5
_PEOPLE: Final = 4
_ONE_IN: Final = 4
_MERGING: Final = (1, 2)
"""Neighbours, at work at the same time."""
_TARGETS: Final = ("contact", "company", "deal")


@dataclass(frozen=True)
class Kept:
    """What was answered about one lead: ids of what it became, and the company that its deal was linked to."""

    lead: str
    title: str
    contact: str
    company: str
    deal: str
    linked: str | None
    merged: tuple[str, str] | None
    """Whom the deal was linked to besides, and the contact that that one was merged into."""


class Load:
    """Leads come in, become deals, and every fourth deal is linked to a company, by a few callers at a time.

    Every fourth brings two contacts from elsewhere, which its neighbour imports as well; they turn out to be one.
    `beside` goes on meanwhile, each by a caller of its own.
    """

    def __init__(self, crm: Crm, *, originator: str, seed: int, callers: int, beside: Sequence[Beside] = ()) -> None:
        self._crm = crm
        self._originator = originator
        self._chance = random.Random(seed)
        self._beside = beside
        self._ones: list[Callable[[], Awaitable[object]]] = [self.one] * callers + [each.one for each in beside]
        self._open = asyncio.Event()
        self._idle = asyncio.Semaphore(len(self._ones))
        self._ended = False
        self._numbers = iter(range(10**9))
        self._companies: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.answered: list[Kept] = []
        self._held = 0
        self.refused = 0
        """Calls that were rightly refused, because a neighbour had merged what they were about."""

    async def start(self) -> None:
        """Make the companies and what goes on beside, then begin."""
        self._companies = [await self._company(n) for n in range(_COMPANIES)]
        await asyncio.gather(*(each.begin() for each in self._beside))
        self._open.set()
        self._tasks = [asyncio.create_task(self._call(one)) for one in self._ones]

    async def reach(self, conversions: int) -> None:
        """Return when so many conversions were answered; fails as soon as a caller failed."""
        while len(self.answered) < conversions:
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.02)

    async def pause(self) -> None:
        """Let every caller finish what it is at."""
        self._open.clear()
        for _ in self._ones:
            await self._idle.acquire()

    def go_on(self) -> None:
        """Call again."""
        for _ in self._ones:
            self._idle.release()
        self._open.set()

    async def stop(self) -> None:
        """End all callers after what they are at."""
        self._ended = True
        self._open.set()
        await asyncio.gather(*self._tasks)

    async def lost(self, *, all_: bool = False) -> list[str]:
        """What was answered and is not so: of the answers since the last question, or of all."""
        asked = self.answered if all_ else self.answered[self._held :]
        self._held = len(self.answered)
        room = asyncio.Semaphore(16)

        async def look(kept: Kept) -> list[str]:
            async with room:
                return [wrong async for wrong in _differences(self._crm, kept)]

        looks = [*map(look, asked), *(each.wrong() for each in self._beside)]
        return [wrong for found in await asyncio.gather(*looks) for wrong in found]

    async def _call(self, one: Callable[[], Awaitable[object]]) -> None:
        while not self._ended:
            await self._open.wait()
            async with self._idle:
                if self._open.is_set() and not self._ended:
                    await one()

    async def one(self) -> Kept:
        """One lead, from its origin to its deal, perhaps with a link to a company."""
        number = next(self._numbers)
        origin = address("leads", "external", self._originator, str(number))
        lead = await self._crm.put("leads", origin, self._body(number))
        wish = ConversionRequest(on_duplicate=self._chance.choice(("create", "link")), targets=_TARGETS)
        _, result = await convert(self._crm, lead.body["id"], wish)
        contact, company, deal = (str(result[kind]["id"]) for kind in _TARGETS)
        linked = self._chance.choice(self._companies) if number % _ONE_IN == 0 else None
        if linked is not None:
            await self._link(deal, linked)
        merged = await self._merge(deal, number) if number % _ONE_IN in _MERGING else None
        kept = Kept(lead.body["id"], lead.body["title"], contact, company, deal, linked, merged)
        self.answered.append(kept)
        return kept

    def _body(self, number: int) -> dict[str, Any]:
        """Two neighbours share a name and a phone, so that some are duplicates of each other."""
        prefix = crc32(self._originator.encode()) % 10**4
        return {
            "title": f"Lead {number} of {self._originator}",
            "last_name": f"Caller {number // 2}",
            "company_title": f"Caller {number} of {self._originator} Ltd",
            "phones": [{"value": f"+4915{prefix:04d}{number // 2:05d}"}],
        }

    async def _link(self, deal: str, company: str) -> Answer:
        while True:
            answer = await self._crm.put("deals", address("deals", deal, "client"), {"company_id": company}, wait_s=20)
            state = answer.body["client"]["link_state"]
            assert state != "refused", answer.body["client"]
            if state == "done":
                return answer

    async def _merge(self, deal: str, number: int) -> tuple[str, str]:
        """Import two contacts, as a neighbour does at the same moment, link the second one, and merge them."""
        pair = number // _ONE_IN
        survivor, other = [await self._import(f"{pair}.{twin}", f"Twin {pair}") for twin in ("a", "b")]
        contacts = address("deals", deal, "contacts")
        await self._crm.post("deals", contacts, {"contact_id": other})
        company = address("contacts", survivor, "companies", self._companies[pair % _COMPANIES])
        await self._crm.put("clients", company, {})
        while other != survivor:  # the neighbour was not faster
            try:
                await self._crm.post("clients", address("contacts", survivor, "merge"), {"others": [other]})
                break
            except Problem as refused:
                if refused.code not in {"merge_running", "lost_race"}:
                    raise
                self.refused += 1
        return other, survivor

    async def _import(self, origin: str, name: str) -> str:
        """Put it in by its origin; who was merged in the meantime is found where it went."""
        try:
            path = address("contacts", "external", self._originator, origin)
            answer = await self._crm.put("clients", path, {"last_name": name})
        except Problem as refused:
            if refused.code != "gone":
                raise
            self.refused += 1
            return str(refused.body["merged_into"])
        return str(answer.body["id"])

    async def _company(self, number: int) -> str:
        company = await self._crm.post("clients", address("companies"), {"title": f"Company {number}"})
        for person in range(_PEOPLE):
            name = {"last_name": f"Person {number}.{person}"}
            contact = await self._crm.post("clients", address("contacts"), name)
            await self._crm.put("clients", address("contacts", contact.body["id"], "companies", company.body["id"]), {})
        return str(company.body["id"])


async def _differences(crm: Crm, kept: Kept) -> AsyncIterator[str]:
    lead = await crm.get("leads", address("leads", kept.lead))
    if lead["title"] != kept.title:
        yield f"lead {kept.lead} has another title"
    conversion = await crm.get("leads", address("leads", kept.lead, "conversion"))
    became = {kind: (conversion[kind] or {}).get("id") for kind in _TARGETS}
    if conversion["state"] != "done" or became != {kind: getattr(kept, kind) for kind in _TARGETS}:
        yield f"lead {kept.lead} became {became} in state {conversion['state']}"
    deals = [deal async for deal in crm.pages("deals", address("deals"), lead_id=kept.lead)]
    if [deal["id"] for deal in deals] != [kept.deal]:
        yield f"lead {kept.lead} has the deals {[deal['id'] for deal in deals]}"
    for kind, service, plural in (("contact", "clients", "contacts"), ("company", "clients", "companies")):
        await crm.get(service, address(plural, getattr(kept, kind)))
    if kept.merged is not None:
        async for wrong in _unmerged(
            crm, *kept.merged, {link["contact_id"] for link in deals[0]["client"]["contacts"]}
        ):
            yield f"deal {kept.deal}: {wrong}"
    if kept.linked is not None and (deals[0]["client"]["company"] or {}).get("id") != kept.linked:
        yield f"deal {kept.deal} is no longer linked to company {kept.linked}"


async def _unmerged(crm: Crm, other: str, survivor: str, linked: set[str]) -> AsyncIterator[str]:
    if survivor not in linked or (other in linked and other != survivor):
        yield f"links {sorted(linked)}, not the survivor {survivor}"
    try:
        await crm.get("clients", address("contacts", other))
    except Problem as gone:
        if gone.body.get("merged_into") != survivor:
            yield f"contact {other} was merged into {gone.body.get('merged_into')}, not {survivor}"
    else:
        if other != survivor:
            yield f"contact {other} is still there"
