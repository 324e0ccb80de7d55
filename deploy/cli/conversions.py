"""Convert leads in bulk, and move their deals to a stage; may be stopped and run again at any moment.

The stage of the deal is part of the conversion's correlation id (`convert:WON:<uuid>`), which leads keeps. So a later
run recognises the deals that a stopped run did not move, and only those: a deal that was moved since is left alone.
"""

from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Literal, NamedTuple
from uuid import uuid4

from rich.console import Console

from deploy.cli.answers import Problem, ServiceAway
from deploy.cli.client import Crm, address
from deploy.cli.pool import each
from deploy.cli.progress import bar

Outcome = Literal["converted", "was converted", "deal moved", "failed"]
SENT: Final = 100
"""Leads in one request."""
_PARTS: Final = 4
"""Requests at a time."""
_WAIT_S: Final = 30.0
_AWAY: Final = 503


class Plan(NamedTuple):
    """Ids of the leads of a stage, and of those whose deal an earlier run left unmoved.

    Attributes:
        before: those leads of the stage that were converted before: nothing is converted again.
    """

    leads: list[str]
    left: list[str]
    before: frozenset[str] = frozenset()

    @property
    def fresh(self) -> list[str]:
        """The leads that are to be converted."""
        return [id_ for id_ in self.leads if id_ not in self.before]


class StillRunning(Exception):
    """The conversion has not ended; requesting it again later continues it."""


class NoSuchStage(Exception):
    """A stage that leads or deals do not have."""


@dataclass(frozen=True)
class ConversionRequest:
    """How each lead is to be converted; None leaves it to the service."""

    on_duplicate: str | None = None
    targets: tuple[str, ...] | None = None
    deal_stage: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The body of the request to leads."""
        fields = {"on_duplicate": self.on_duplicate, "targets": self.targets and list(self.targets)}
        return {name: value for name, value in fields.items() if value}

    @property
    def prefix(self) -> str:
        """The prefix of the correlation ids of conversions requested like this."""
        return f"convert:{self.deal_stage}:" if self.deal_stage else "convert:"


@dataclass
class Results:
    """Number of leads by outcome; `failed` is reason by lead id."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    async def count(self, lead_id: str, work: Awaitable[Outcome]) -> None:
        """Count how the work for a lead ends.

        Raises:
            Problem: the caller may not.
        """
        try:
            outcome = await work
        except (Problem, ServiceAway, StillRunning) as problem:
            if isinstance(problem, Problem) and problem.status in {401, 403}:
                raise
            self.failed[lead_id] = str(problem)
            outcome = "failed"
        self.counts[outcome] += 1


async def convert(
    crm: Crm, lead_id: str, request: ConversionRequest, *, deadline_s: float = 120.0
) -> tuple[Outcome, dict[str, Any]]:
    """Convert one lead, wait for the end, and move its deal if a stage is requested.

    Raises:
        Problem: refused, with the duplicates under `candidates`.
        StillRunning: not done before the deadline.
    """
    mine = f"{request.prefix}{uuid4()}"
    deadline = monotonic() + deadline_s
    path = address("leads", lead_id, "conversion")
    while True:
        # No Idempotency-Key: the state of the lead makes repeats harmless.
        answer = await crm.send(
            "POST", "leads", path, body=request.body, headers={"X-Correlation-Id": mine}, wait_s=_WAIT_S
        )
        result: dict[str, Any] = answer.body
        if result["state"] == "done":
            break
        if monotonic() > deadline:
            raise StillRunning(f"the conversion is {result['state']} after {deadline_s:.0f} s")
    if result["correlation_id"] == mine:
        await _move(crm, result["deal"], request)
        return "converted", result
    return await _finish_earlier(crm, result, request), result


@dataclass
class Conversions:
    """Conversions of several leads by one request."""

    crm: Crm
    request: ConversionRequest
    deadline_s: float = 120.0

    def __post_init__(self) -> None:
        """Mark what is converted by it."""
        self._mine = f"{self.request.prefix}{uuid4()}"

    async def convert(self, lead_ids: Sequence[str]) -> dict[str, dict[str, Any] | Exception]:
        """Convert the leads, wait for the end of all, and return each one's conversion or why there is none.

        Raises:
            Problem: the caller may convert none.
        """
        ended: dict[str, dict[str, Any] | Exception] = {}
        deadline = monotonic() + self.deadline_s
        while left := [id_ for id_ in lead_ids if id_ not in ended]:
            try:
                found = await self._once(left)
            except ServiceAway as away:
                return ended | dict.fromkeys(left, away)
            ended |= {lead_id: one for lead_id, one in found.items() if not _goes_on(one)}
            if monotonic() > deadline:
                late = StillRunning(f"the conversion has not ended after {self.deadline_s:.0f} s")
                return dict.fromkeys(lead_ids, late) | ended
        return ended

    async def finish(self, ended: dict[str, Any] | Exception) -> Outcome:
        """Move the deal of a conversion if a stage is requested.

        Raises:
            Problem, ServiceAway, StillRunning: there is no conversion.
        """
        if isinstance(ended, Exception):
            raise ended
        if ended["correlation_id"] == self._mine:
            await _move(self.crm, ended["deal"], self.request)
            return "converted"
        return await _finish_earlier(self.crm, ended, self.request)

    async def _once(self, lead_ids: Sequence[str]) -> dict[str, dict[str, Any] | Problem]:
        # No Idempotency-Key: the states of the leads make repeats harmless.
        answer = await self.crm.send(
            "POST",
            "leads",
            address("conversions"),
            body={**self.request.body, "lead_ids": list(lead_ids)},
            headers={"X-Correlation-Id": self._mine},
            wait_s=_WAIT_S,
        )
        return {
            item["lead_id"]: Problem(item["status"], item["problem"]) if item.get("problem") else item["conversion"]
            for item in answer.body["items"]
        }


def _goes_on(one: dict[str, Any] | Problem) -> bool:
    """Return whether a conversion runs, or could not be begun now."""
    return one.status == _AWAY if isinstance(one, Problem) else one["state"] != "done"


async def convert_stage(
    crm: Crm,
    stage: str,
    request: ConversionRequest,
    *,
    console: Console,
    plan: Plan | None = None,
    originator: str | None = None,
    parallel: int = 16,
) -> Results:
    """Convert all leads of a stage, and finish what an earlier run left; with a `plan` those that it names.

    Raises:
        NoSuchStage: `stage`, or the deals' stage.
    """
    started = monotonic()
    leads, left, _ = plan or await planned(crm, stage, request, originator=originator, parallel=parallel)
    results = Results()

    async def finish(lead_id: str) -> Outcome:
        conversion = await crm.get("leads", address("leads", lead_id, "conversion"))
        return await _finish_earlier(crm, conversion, request)

    async def part(lead_ids: Sequence[str]) -> None:
        some = Conversions(crm, request)
        ended = await some.convert(lead_ids)
        await each(
            lead_ids, lambda id_: results.count(id_, some.finish(ended[id_])), parallel=parallel, advance=advance
        )

    with bar(f"Converting {stage}", len(leads) + len(left), console) as advance:
        parts = [leads[first : first + SENT] for first in range(0, len(leads), SENT)]
        await each(parts, part, parallel=min(parallel, _PARTS))
        await each(left, lambda id_: results.count(id_, finish(id_)), parallel=parallel, advance=advance)
    results.seconds = monotonic() - started
    return results


async def planned(
    crm: Crm, stage: str, request: ConversionRequest, *, originator: str | None = None, parallel: int = 16
) -> Plan:
    """Return the leads that would be converted, and those whose deal an earlier run left unmoved; change nothing.

    Raises:
        NoSuchStage: `stage`, or the deals' stage.
    """
    await check_stages(crm, stage, request.deal_stage)
    # First the leads, then the deals: a lead that leaves the stage in between has its deal by then.
    query = {"stage_id": stage, "originator_id": originator}
    leads = {lead["id"]: lead.get("converted") async for lead in crm.pages("leads", address("leads"), **query)}
    left = [id_ for id_ in await _unmoved(crm, request, originator, parallel) if id_ not in leads]
    return Plan([*leads], left, frozenset(id_ for id_, is_converted in leads.items() if is_converted))


async def check_stages(crm: Crm, stage: str | None, deal_stage: str | None) -> None:
    """Check that both stages exist.

    Raises:
        NoSuchStage: naming those that do.
    """
    for service, wanted in (("lead", stage), ("deal", deal_stage)):
        if wanted is None:
            continue
        there = [found["id"] for found in (await crm.get(f"{service}s", address(f"{service}-stages")))["items"]]
        if wanted not in there:
            raise NoSuchStage(f"{service}s have no stage {wanted}; there are {', '.join(there)}")


async def _unmoved(crm: Crm, request: ConversionRequest, originator: str | None, parallel: int) -> list[str]:
    """Return the leads of the originator whose deal a run like this was to move, and that was not moved."""
    if request.deal_stage is None:
        return []
    first = (await crm.get("deals", address("deal-stages")))["items"][0]["id"]
    deals = crm.pages("deals", address("deals"), stage_id=first)
    found = [deal["lead_id"] async for deal in deals if deal["lead_id"] and deal["moved_at"] is None]

    async def is_left(id_: str) -> bool:
        try:
            if originator and (await crm.get("leads", address("leads", id_)))["originator_id"] != originator:
                return False
            return _asked_for(await crm.get("leads", address("leads", id_, "conversion")), request)
        except Problem as problem:
            if problem.status == 404:  # noqa: PLR2004 - the lead was deleted since
                return False
            raise

    marks = await each(found, is_left, parallel=parallel)
    return [id_ for id_, is_marked in zip(found, marks, strict=True) if is_marked]


def _asked_for(conversion: Mapping[str, Any], request: ConversionRequest) -> bool:
    """Return whether a conversion was to move its deal as this request does."""
    return bool(request.deal_stage) and str(conversion["correlation_id"]).startswith(request.prefix)


async def _finish_earlier(crm: Crm, conversion: Mapping[str, Any], request: ConversionRequest) -> Outcome:
    """Move the deal of an earlier conversion, if that conversion requested it and the deal was not moved since."""
    if not _asked_for(conversion, request) or conversion["deal"] is None:
        return "was converted"
    deal = await crm.get("deals", address("deals", conversion["deal"]["id"]))
    if deal["moved_at"] is not None:
        return "was converted"
    await _move(crm, conversion["deal"], request)
    return "deal moved"


async def _move(crm: Crm, deal: Mapping[str, Any] | None, request: ConversionRequest) -> None:
    if deal is not None and request.deal_stage is not None:
        await crm.put("deals", address("deals", deal["id"], "stage"), {"stage_id": request.deal_stage})
