"""Leads in bulk: each once, deals moved, and what an earlier run left is finished."""

import asyncio
import json
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from deploy.cli.answers import Problem
from deploy.cli.app import app
from deploy.cli.client import Crm
from deploy.cli.conversions import ConversionRequest, Conversions, NoSuchStage, Results, convert, convert_stage
from tests.cli.fakes import URLS, served

QUIET = Console(file=StringIO())
WON = ConversionRequest(deal_stage="WON")


@dataclass
class Leads(httpx.AsyncBaseTransport):
    """Leads that convert at once, or die before the deal is moved."""

    stages: dict[str, str]
    refuse: set[str] = field(default_factory=set)
    dies: bool = False
    conversions: dict[str, dict[str, Any]] = field(default_factory=dict)
    deals: dict[str, dict[str, Any]] = field(default_factory=dict)
    moves: int = 0

    def crm(self) -> Crm:
        return Crm(URLS, "token", transport=self, patience_s=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        match request.url.path.removeprefix("/v1/").split("/"):
            case ["conversions"]:
                return self._convert_each(request, json.loads(request.content)["lead_ids"])
            case [_, id_, "conversion"]:
                return self._convert(request, id_)
            case [_, id_, "stage"]:
                return self._move(id_, json.loads(request.content)["stage_id"])
            case ["leads", id_]:
                return httpx.Response(200, json=self._lead(id_))
            case [_, id_]:
                return httpx.Response(200, json=self.deals[id_])
            case [plural]:
                return httpx.Response(200, json=self._list(plural))
        raise AssertionError(request.url)

    def _list(self, plural: str) -> Any:
        processed = [self._lead(id_) for id_, stage in self.stages.items() if stage == "PROCESSED"]
        new = [deal for deal in self.deals.values() if deal["stage_id"] == "NEW"]
        return {
            "lead-stages": {"items": [{"id": "PROCESSED"}, {"id": "CONVERTED"}], "next_cursor": None},
            "deal-stages": {"items": [{"id": "NEW"}, {"id": "WON"}], "next_cursor": None},
            "leads": {"items": processed, "next_cursor": None},
            "deals": {"items": new, "next_cursor": None},
        }[plural]

    def _lead(self, id_: str) -> dict[str, Any]:
        originator = "elsewhere" if id_.startswith("other") else "here"
        return {"id": id_, "originator_id": originator, "converted": id_ in self.conversions}

    def _convert_each(self, request: httpx.Request, ids: list[str]) -> httpx.Response:
        answers = [(id_, self._convert(request, id_)) for id_ in ids]
        items = [
            {
                "lead_id": id_,
                "status": answer.status_code,
                ("problem" if answer.is_error else "conversion"): answer.json(),
            }
            for id_, answer in answers
        ]
        return httpx.Response(207, json={"items": items})

    def _convert(self, request: httpx.Request, id_: str) -> httpx.Response:
        if id_ in self.refuse:
            return httpx.Response(409, json={"code": "conversion_refused", "detail": "there are duplicates"})
        if request.method == "POST" and id_ not in self.conversions:
            deal = {"id": f"deal-{id_}", "lead_id": id_, "stage_id": "NEW", "moved_at": None}
            self.deals[f"deal-{id_}"] = deal
            self.stages[id_] = "CONVERTED"
            correlation_id = request.headers["X-Correlation-Id"]
            self.conversions[id_] = {"state": "done", "correlation_id": correlation_id, "deal": deal}
        return httpx.Response(200, json=self.conversions[id_])

    def _move(self, id_: str, stage: str) -> httpx.Response:
        if self.dies:
            return httpx.Response(500, json={"code": "internal_error"})
        self.moves += 1
        self.deals[id_] |= {"stage_id": stage, "moved_at": "2026-01-01T00:00:00Z"}
        return httpx.Response(200, json=self.deals[id_])


def processed(count: int = 5) -> Leads:
    return Leads({f"lead-{number}": "PROCESSED" for number in range(count)})


async def run(leads: Leads, wish: ConversionRequest = WON, *, originator: str | None = None) -> Results:
    async with leads.crm() as crm:
        return await convert_stage(crm, "PROCESSED", wish, console=QUIET, originator=originator, parallel=3)


async def test_all_leads_of_the_stage_are_converted_and_their_deals_moved() -> None:
    leads = processed()
    results = await run(leads)
    assert dict(results.counts) == {"converted": 5}
    assert {deal["stage_id"] for deal in leads.deals.values()} == {"WON"}


async def test_a_second_run_finds_nothing_to_do() -> None:
    leads = processed()
    await run(leads)
    assert dict((await run(leads)).counts) == {}
    assert leads.moves == 5


async def test_a_run_that_died_before_moving_the_deals_is_finished_by_the_next() -> None:
    leads = processed()
    leads.dies = True
    assert len((await run(leads)).failed) == 5
    leads.dies = False
    assert dict((await run(leads)).counts) == {"deal moved": 5}
    assert leads.moves == 5


async def test_with_an_originator_the_leads_of_others_are_left_to_others() -> None:
    leads = Leads({"other-1": "PROCESSED", "lead-1": "PROCESSED"}, dies=True)
    await run(leads)
    leads.dies = False
    assert dict((await run(leads, originator="here")).counts) == {"deal moved": 1}
    assert leads.deals["deal-other-1"]["stage_id"] == "NEW"


async def test_a_deal_of_a_conversion_that_did_not_ask_for_it_is_left_where_it_is() -> None:
    leads = processed()
    await run(leads, ConversionRequest())
    assert dict((await run(leads)).counts) == {}
    assert leads.moves == 0


def test_what_a_dry_run_says_is_what_the_run_does_and_says_in_the_words_of_its_numbers() -> None:
    """LEAD-11: converted now, converted before, and moved for an earlier run, told apart."""
    leads = processed(3)
    asyncio.run(run(leads, ConversionRequest()))  # without a stage of the deals: none of them is to be moved later
    leads.stages |= {"lead-0": "PROCESSED", "lead-3": "PROCESSED", "other": "PROCESSED"}
    leads.stages |= {"late": "PROCESSED"}
    asyncio.run(Conversions(leads.crm(), WON).convert(["late"]))  # and then that run died
    command = ["convert", "--stage", "PROCESSED", "--deal-stage", "WON"]
    with served(leads) as environment:
        dry = CliRunner().invoke(app, [*command, "--dry-run"], env=environment)
        done = CliRunner().invoke(app, [*command, "--yes"], env=environment)
    planned = (
        "2 leads of PROCESSED would be converted, 1 deal of earlier runs moved to WON. 1 lead was converted before."
    )
    assert dry.stdout == f"{planned} Nothing was done.\n"
    said = "2 leads converted now, 1 lead converted before, 1 deal of earlier runs moved to WON"
    assert done.stdout.rpartition(" in ")[0] == said, done.output


async def test_a_deal_that_was_moved_since_is_left_where_it_is() -> None:
    leads = processed(1)
    leads.dies = True
    await run(leads)
    leads.dies = False
    leads.deals["deal-lead-0"]["moved_at"] = "2026-01-01T00:00:00Z"
    await run(leads)
    assert leads.moves == 0


async def test_a_refused_lead_is_named_and_the_others_go_on() -> None:
    leads = processed()
    leads.refuse = {"lead-2"}
    results = await run(leads)
    assert results.failed == {"lead-2": "409 conversion_refused: there are duplicates"}
    assert results.counts["converted"] == 4


async def test_a_stage_that_is_not_there_is_named_before_anything_is_converted() -> None:
    leads = processed()
    with pytest.raises(NoSuchStage, match="deals have no stage GAINED; there are NEW, WON"):
        await run(leads, ConversionRequest(deal_stage="GAINED"))
    assert not leads.conversions


async def test_one_lead_that_is_refused_raises_the_problem() -> None:
    leads = processed(1)
    leads.refuse = {"lead-0"}
    async with leads.crm() as crm:
        with pytest.raises(Problem, match="there are duplicates"):
            await convert(crm, "lead-0", ConversionRequest())
