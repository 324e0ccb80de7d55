"""What goes on beside the conversions while things break: changes of many deals, and dates of templates that come.

Of each it is known what has to have become of it, so that it can be held against the data at any rest.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pymongo.errors import PyMongoError

from deploy.cli.client import Crm, address
from shared.kit.runs.runner import AT_ONCE
from tests.system.crm import until
from tests.system.set_back import day, set_back

DEALS: Final = AT_ONCE + 10
"""More than a request waits for, so that replicas work at them, chunk by chunk."""
STAGES: Final = ("EXECUTING", "PREPARATION")
DATES: Final = 3
"""Of a template that come at once: each is a timer that the one before has set."""
_LOOK_AGAIN_S: Final = 0.1


class Beside(Protocol):
    """Something that goes on, again and again, until it is paused."""

    async def begin(self) -> None:
        """Make what it needs."""
        ...

    async def one(self) -> None:
        """Do it once, to the end."""
        ...

    async def wrong(self) -> list[str]:
        """Say what is not as it has to be."""
        ...


@dataclass
class ManyDeals:
    """Deals are moved by a run, given to another user by a run, and given back by its undo."""

    crm: Crm
    originator: str
    ids: frozenset[str] = frozenset()
    runs: list[str] = field(default_factory=list)
    moved_to: list[str] = field(default_factory=list)
    _held: int = 0

    async def begin(self) -> None:
        items = [
            {"title": f"Many {number}", "originator_id": self.originator, "origin_id": f"many {number}"}
            for number in range(DEALS)
        ]
        made = await self.crm.post("deals", address("deals", "batch"), {"items": items})
        self.ids = frozenset(item["id"] for item in made.body["items"])

    async def one(self) -> None:
        stage = STAGES[len(self.moved_to) % len(STAGES)]
        await self._bulk({"type": "move", "stage_id": stage})
        self.moved_to.append(stage)
        given = await self._bulk({"type": "assign", "responsible_id": f"user-{len(self.runs)}"})
        await self._end(address("runs", given, "undo"), {})

    async def wrong(self) -> list[str]:
        runs, self._held = self.runs[self._held :], len(self.runs)
        found = [wrong for run in runs for wrong in await self._wrong_of(run)]
        for id_ in self.ids:
            rows = [row async for row in self.crm.pages("deals", address("stage-history"), owner_id=id_)]
            stages = [row["stage_id"] for row in reversed(rows)]
            if stages != ["NEW", *self.moved_to]:
                found.append(f"deal {id_} was moved {len(self.moved_to)} times, and its history has {stages}")
        return found

    async def _wrong_of(self, run: str) -> list[str]:
        rows = [row async for row in self.crm.pages("deals", address("runs", run, "results"))]
        ids = [row["id"] for row in rows if row["status"] == "ok" and row["before"]]
        if len(ids) == DEALS and self.ids == {*ids}:
            return []
        return [f"run {run} has changed {len({*ids})} deals, and has {len(rows)} outcomes"]

    async def _bulk(self, action: dict[str, Any]) -> str:
        body = {"filter": {"originator_id": self.originator, "title": {"like": "Many %"}}, "action": action}
        return await self._end(address("deals", "bulk"), body)

    async def _end(self, path: str, body: dict[str, Any]) -> str:
        """Start a run, and return its id at its end."""
        run = (await self.crm.post("deals", path, body)).body
        while run["state"] != "done":
            await asyncio.sleep(_LOOK_AGAIN_S)
            run = await self.crm.get("deals", address("runs", run["id"]))
            assert run["state"] in {"waiting", "running", "done"}, run
        self.runs.append(run["id"])
        return str(run["id"])


@dataclass
class DueTemplates:
    """Templates whose dates come, of which each makes one deal."""

    crm: Crm
    mongo: str
    source: str = ""
    templates: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        self.source = (await self.crm.post("deals", address("deals"), {"title": "Service contract"})).body["id"]

    async def one(self) -> None:
        body = {"based_on_id": self.source, "start_date": day(1), "every": {"number": 1, "unit": "day"}}
        template = (await self.crm.post("deals", address("recurring-deals"), body)).body["id"]
        await self._come(template)
        await until(lambda: self._dates(template), lambda dates: len(dates) >= DATES)
        self.templates.append(template)

    async def wrong(self) -> list[str]:
        dates = [day(number) for number in range(1 - DATES, 1)]
        found = {template: await self._dates(template) for template in self.templates}
        return [f"template {template} has made {made}" for template, made in found.items() if made != dates]

    async def _come(self, template: str) -> None:
        """Let its dates come, also while MongoDB is away."""
        while True:
            try:
                await asyncio.to_thread(set_back, self.mongo, template, DATES)
                break
            except PyMongoError:
                await asyncio.sleep(_LOOK_AGAIN_S)

    async def _dates(self, template: str) -> list[str]:
        body = {"filter": {"template_id": template}}
        made = await self.crm.send("POST", "deals", address("deals", "query"), body=body)
        return sorted(deal["begin_date"] for deal in made.body["items"])
