"""DEAL-13: a deal has a probability of winning, in percent. The contract declares it, and nothing else names it."""

from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.deals import DealCreated, DealUpdated

from services.deals.deal.domain.deal import Deal
from tests.builders.running import Api, wrong_fields


def origin() -> str:
    return f"/deals/external/shop/{uuid4()}"


async def test_a_deal_has_no_probability_unless_it_is_given(api: Api) -> None:
    deal = await api.made("/deals")
    assert deal["probability"] is None
    assert (await api("PUT", origin(), {})).json()["probability"] is None


@pytest.mark.parametrize("percent", [0, 1, 55, 100])
async def test_a_probability_from_none_to_all_percent_is_kept(api: Api, percent: int) -> None:
    deal = await api.made("/deals", {"probability": percent})
    assert (await api.read(f"/deals/{deal['id']}"))["probability"] == percent
    assert (await api("PUT", origin(), {"probability": percent})).json()["probability"] == percent


async def test_a_probability_is_corrected_and_taken_back(api: Api) -> None:
    deal = await api.made("/deals", {"probability": 20})
    path = f"/deals/{deal['id']}"
    assert (await api("PATCH", path, {"probability": 80})).json()["probability"] == 80
    assert (await api("PATCH", path, {"comments": "call him"})).json()["probability"] == 80
    assert (await api("PATCH", path, {"probability": None})).json()["probability"] is None
    created, first, _, last = await api.documents(Deal, "deals").said(deal["id"])
    assert isinstance(created, DealCreated)
    assert isinstance(first, DealUpdated)
    assert isinstance(last, DealUpdated)
    assert created.deal.probability == 20
    assert (first.before.probability, first.after.probability) == (20, 80)
    assert (last.before.probability, last.after.probability) == (80, None)


@pytest.mark.parametrize("wrong", [-1, 101, 10**30, 50.5, "50", "", True, [50], {"percent": 50}], ids=str)
async def test_any_other_probability_is_refused_and_nothing_changes(api: Api, wrong: Any) -> None:
    deal = await api.made("/deals", {"probability": 20})
    for method, path in (("POST", "/deals"), ("PATCH", f"/deals/{deal['id']}"), ("PUT", origin())):
        assert wrong_fields(await api(method, path, {"title": "Pumps", "probability": wrong})) == ["probability"]
    assert await api.read(f"/deals/{deal['id']}") == deal


@pytest.mark.parametrize("stage", ["WON", "LOSE", "EXECUTING"])
async def test_the_probability_stays_whatever_stage_a_deal_moves_to(api: Api, stage: str) -> None:
    deal = await api.made("/deals", {"probability": 20})
    moved = await api("PUT", f"/deals/{deal['id']}/stage", {"stage_id": stage})
    assert (moved.json()["stage_id"], moved.json()["probability"]) == (stage, 20)


async def test_callers_are_told_of_the_probability(api: Api) -> None:
    fields = {field["name"]: field for field in (await api.read("/deals/fields"))["items"]}
    assert fields["probability"] == {
        "name": "probability",
        "title": "Probability",
        "kind": "integer",
        "is_list": False,
        "dictionary": None,
        "operators": ["=", "!=", ">", ">=", "<", "<=", "in", "not in", "empty"],
        "is_orderable": False,
        "is_writable": True,
        "is_personal": False,
    }
