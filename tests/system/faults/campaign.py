"""A seeded campaign: callers convert and link, runs change many deals and templates make others, while one fault
follows the other; afterwards everything is held against everything.

The moments are counted in conversions, not in seconds, so a seed means the same on a slow machine. After
each fault fresh leads must get through the whole system; after every few, and at the end, the callers rest, `crm
verify` looks at all databases and topics, and each call that was answered is looked up in the data.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from rich.console import Console
from rich.table import Table

from deploy.cli.client import address
from tests.deadlines import DEADLINE_S
from tests.system.crm import until
from tests.system.faults.beside import DATES, DEALS, DueTemplates, ManyDeals
from tests.system.faults.kinds import KINDS
from tests.system.faults.load import Kept, Load
from tests.system.faults.site import Site
from tests.system.faults.verdict import Verdict

FRESH_LEADS: Final = 4
"""That must get through after a fault: with one alone the partitions in trouble might not be needed."""


@dataclass
class Row:
    """One kind of fault: how often, and the longest that it lasted and that recovering from it took, in seconds.

    A fault lasts until what was killed or paused is up again. Recovery is from then on until everything worked.
    """

    times: int = 0
    lasted_s: float = 0.0
    recovery_s: float = 0.0


@dataclass
class Campaign:
    """`run` it once, on a site of its own."""

    site: Site
    seed: int
    faults: int
    conversions: int
    rest_every: int
    callers: int = 6
    say: Callable[[str], None] = print
    rows: dict[str, Row] = field(default_factory=lambda: {kind: Row() for kind in KINDS})
    verdict: Verdict = field(default_factory=Verdict)
    converted: int = 0
    runs: int = 0
    moves: int = 0
    timers: int = 0
    seconds: float = 0.0

    async def run(self) -> None:
        """Inject every fault, at its moment.

        Raises:
            AssertionError: the system did not recover, or a caller's call was refused.
        """
        started = monotonic()
        chance = random.Random(self.seed)
        crm, originator = self.site.crm, f"campaign {self.seed}"
        many, templates = ManyDeals(crm, originator), DueTemplates(crm, self.site.stack.mongo.url)
        load = Load(crm, originator=originator, seed=self.seed, callers=self.callers, beside=(many, templates))
        await load.start()
        for number, (moment, kind) in enumerate(self._plan(chance), start=1):
            await load.reach(moment)
            lasted, recovery = await self._inject(kind, chance, load)
            row = self.rows[kind]
            row.times += 1
            row.lasted_s, row.recovery_s = max(row.lasted_s, lasted), max(row.recovery_s, recovery)
            self.say(
                f"[{number}/{self.faults}] {kind}: lasted {lasted:.1f} s, all well {recovery:.1f} s later; "
                f"{len(load.answered)} converted, {len(many.runs)} runs, {len(templates.templates)} templates"
            )
            if number % self.rest_every == 0 and number < self.faults:
                await self._look(load)
        await load.reach(self.conversions)
        await self._look(load, all_=True)
        await load.stop()
        self.converted = len(load.answered)
        self.runs, self.moves = len(many.runs), len(many.moved_to) * DEALS
        self.timers = len(templates.templates) * DATES
        self.seconds = monotonic() - started

    def _plan(self, chance: random.Random) -> list[tuple[int, str]]:
        """Each kind once before any comes again; and the number of conversions before each fault."""
        rounds = -(-self.faults // len(KINDS))
        kinds = [kind for _ in range(rounds) for kind in chance.sample(list(KINDS), len(KINDS))][: self.faults]
        moments = sorted(chance.randrange(self.conversions) for _ in kinds)
        return list(zip(moments, kinds, strict=True))

    async def _inject(self, kind: str, chance: random.Random, load: Load) -> tuple[float, float]:
        """Return how long the fault lasted, and how long after it new leads got through, in seconds."""
        started = monotonic()
        async with KINDS[kind](self.site, chance):
            injected = monotonic()
            await until(self.site.all_ready, bool)
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.gather(*(self._see_through(load.one()) for _ in range(FRESH_LEADS)))
            recovered = monotonic()
        return injected - started, recovered - injected

    async def _see_through(self, lead: Awaitable[Kept]) -> None:
        """Wait until a lead is converted and the timeline of its deal tells so."""
        kept = await lead

        async def told() -> set[str]:
            page = await self.site.crm.get("timeline", address("timeline"), element=f"deal:{kept.deal}", limit=200)
            return {entry["type"] for entry in page["items"]}

        await until(told, lambda types: "crm.lead.converted.v1" in types)

    async def _look(self, load: Load, *, all_: bool = False) -> None:
        await load.pause()
        await self.verdict.look(self.site.stack)
        self.verdict.answers_lost += await load.lost(all_=all_)
        load.go_on()
        self.say(f"    {self.verdict}")

    def show(self, console: Console) -> None:
        """The table for the README."""
        kafka, mongo = self.site.stack.kafka.provider, self.site.stack.mongo.provider
        table = Table(title=f"seed {self.seed}, Kafka {kafka}, MongoDB {mongo}, {self.seconds:.0f} s")
        table.add_column("fault")
        for column in ("injected", "longest, s", "longest recovery, s"):
            table.add_column(column, justify="right")
        for kind, row in self.rows.items():
            if row.times:
                table.add_row(kind, str(row.times), f"{row.lasted_s:.1f}", f"{row.recovery_s:.1f}")
        longest = max(row.recovery_s for row in self.rows.values())
        table.add_row("[bold]all[/]", str(sum(row.times for row in self.rows.values())), "", f"{longest:.1f}")
        console.print(table)
        answered: Counter[str] = self.site.balancer.answered
        console.print(f"conversions answered     {self.converted}")
        console.print(f"runs, stage moves        {self.runs}, {self.moves}")
        console.print(f"timers of templates      {self.timers}")
        console.print("calls                    " + ", ".join(f"{n} {what}" for what, n in sorted(answered.items())))
        events, effects = len(self.verdict.events_lost), len(self.verdict.effects_wrong)
        console.print(f"answers lost             {len(self.verdict.answers_lost)}")
        console.print(f"events lost              {events}")
        console.print(f"effects doubled or wrong {effects}")
        console.print(
            "facts verified           " + ", ".join(f"{n} {what}" for what, n in self.verdict.checked.items())
        )
