"""Two replicas of clients are asked at one moment to import, link and merge the same records."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import pytest

from deploy.cli.answers import Problem
from deploy.cli.client import address
from tests.system.faults.site import Site
from tests.system.faults.verdict import Verdict

PEOPLE: Final = 12
FIRMS: Final = 4
AT_ONCE: Final = 16
LATER: Final = {"merge_running", "lost_race", "version_mismatch"}
"""Somebody else was at it: asked again, it is done or was done."""


@pytest.mark.real_kafka
async def test_rivals_leave_one_record_of_each_origin_and_no_broken_link(site: Site) -> None:
    """CMN-14, CLI-06, DUP-02: overlapping imports, links and merges in both directions, on two replicas."""
    rivals = Rivals(site)
    chance = random.Random(20_261_123)
    work = [each for each in (rivals.import_, rivals.link, rivals.merge, rivals.sell) for _ in range(60)]
    chance.shuffle(work)
    room = asyncio.Semaphore(AT_ONCE)

    async def one(act: Callable[[random.Random], Awaitable[None]]) -> None:
        async with room:
            await act(chance)

    for kind, number in (("contacts", PEOPLE), ("companies", FIRMS)):
        await asyncio.gather(*(rivals.put(kind, place) for place in range(number)))
    await asyncio.gather(*(one(act) for act in work))

    verdict = Verdict()
    await verdict.look(site.stack)
    assert verdict.is_clean, str(verdict)
    for kind in ("contacts", "companies"):
        pages = site.crm.pages("clients", address(kind), originator_id=rivals.originator)
        alive = Counter([record["origin_id"] async for record in pages])
        assert alive
        assert set(alive.values()) == {1}
    assert rivals.done["merge"] >= 1
    assert rivals.done["link"] >= 1


class Rivals:
    """What callers ask of records that all of them know by their origins."""

    def __init__(self, site: Site) -> None:
        self._crm = site.crm
        self.originator = f"rivals {uuid4()}"
        self.done: Counter[str] = Counter()

    async def put(self, kind: str, place: int) -> str:
        """The id of the record of an origin, or of the one that it was merged into."""
        body = {"last_name": "Rival"} if kind == "contacts" else {"title": "Rivals"}
        try:
            path = address(kind, "external", self.originator, str(place))
            return str((await self._crm.put("clients", path, body)).body["id"])
        except Problem as refused:
            if refused.code != "gone":
                raise
            return str(refused.body["merged_into"])

    async def import_(self, chance: random.Random) -> None:
        await self.put("contacts", chance.randrange(PEOPLE))
        await self.put("companies", chance.randrange(FIRMS))

    async def link(self, chance: random.Random) -> None:
        contact = await self.put("contacts", chance.randrange(PEOPLE))
        company = await self.put("companies", chance.randrange(FIRMS))
        path = address("contacts", contact, "companies", company)
        await self._try("link", lambda: self._crm.put("clients", path, {"is_primary": chance.random() < 1 / 2}))

    async def merge(self, chance: random.Random) -> None:
        kind, number = chance.choice((("contacts", PEOPLE), ("companies", FIRMS)))
        one, other = [await self.put(kind, place) for place in chance.sample(range(number), 2)]
        body = {"others": [other]}
        await self._try("merge", lambda: self._crm.post("clients", address(kind, one, "merge"), body))

    async def sell(self, chance: random.Random) -> None:
        contact = await self.put("contacts", chance.randrange(PEOPLE))
        company = await self.put("companies", chance.randrange(FIRMS))
        client = {"company_id": company, "contacts": [{"contact_id": contact}]}
        await self._crm.post("deals", address("deals"), client)

    async def _try(self, what: str, act: Callable[[], Awaitable[Any]]) -> None:
        """Whoever was merged meanwhile is no more to be linked or merged, and a primary company stays one."""
        while True:
            try:
                await act()
            except Problem as refused:
                if refused.code in LATER:
                    continue
                if refused.code not in {"gone", "company_not_found", "invalid", "primary_needed"}:
                    raise
            else:
                self.done[what] += 1
            return
