"""Deals that move to another pipeline, over HTTP (PIPE-05, DEAL-22)."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from crm_contracts.deals import DealCreated, DealMovedToPipeline, DealStageChanged, DealWon
from crm_contracts.roles import Right

from services.deals.deal.domain.deal import Deal
from tests.builders.granted import allow, as_seller
from tests.builders.running import Api, wrong_fields

ID: Final = "moves"
CHANGE: Final = {"read": "all", "update": "all", "add": "all"}


@pytest.fixture(autouse=True)
async def pipeline(api: Api) -> None:
    """Another pipeline, there for every test."""
    if (await api("GET", f"/pipelines/{ID}")).status_code == 404:
        await api.made("/pipelines", {"id": ID, "name": "Moves"}, roles=("admin",))


async def moved(api: Api, deal: Mapping[str, Any], **body: Any) -> dict[str, Any]:
    answer = await api("PUT", f"/deals/{deal['id']}/stage", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert await api.read(f"/deals/{deal['id']}") == found
    return found


async def said(api: Api, deal: Mapping[str, Any]) -> list[Any]:
    return list(await api.documents(Deal, "deals").said(deal["id"]))


async def test_a_deal_moves_to_a_stage_of_another_pipeline(api: Api) -> None:
    """PIPE-05, DEAL-22: one fact, one event, with before and after."""
    deal = await api.made("/deals", {"stage_id": "EXECUTING"})
    after = await moved(api, deal, pipeline_id=ID, stage_id="PREPARATION")
    assert (after["pipeline_id"], after["stage_id"], after["is_new"]) == (ID, f"C{ID}:PREPARATION", False)
    assert (after["previous_stage_id"], after["moved_by"]) == ("EXECUTING", "user:anna")
    created, told = await said(api, deal)
    assert isinstance(created, DealCreated)
    assert isinstance(told, DealMovedToPipeline)
    assert (told.from_pipeline, told.pipeline_id, told.is_new) == ("default", ID, False)
    assert (told.from_stage, told.to_stage) == ("EXECUTING", f"C{ID}:PREPARATION")


async def test_without_a_stage_it_comes_to_the_first_one(api: Api) -> None:
    """PIPE-05, DEAL-08."""
    after = await moved(api, await api.made("/deals", {"stage_id": "EXECUTING"}), pipeline_id=ID)
    assert (after["stage_id"], after["is_new"], after["closed"]) == (f"C{ID}:NEW", True, False)
    back = await moved(api, after, pipeline_id="default")
    assert (back["pipeline_id"], back["stage_id"]) == ("default", "NEW")


async def test_a_stage_of_another_pipeline_than_the_one_that_is_named_is_refused(api: Api) -> None:
    """PIPE-05, DEAL-06."""
    deal = await api.made("/deals")
    wrong = ({"pipeline_id": ID, "stage_id": "Cother:NEW"}, {"stage_id": f"C{ID}:NEW"}, {"stage_id": "INVOICE"})
    for body in wrong:
        answer = await api("PUT", f"/deals/{deal['id']}/stage", body)
        assert (wrong_fields(answer), answer.json()["code"]) == (["stage_id"], "stage_not_in_pipeline"), body
    answer = await api("PUT", f"/deals/{deal['id']}/stage", {"pipeline_id": "nowhere"})
    assert (wrong_fields(answer), answer.json()["code"]) == (["pipeline_id"], "pipeline_not_found")
    assert wrong_fields(await api("PUT", f"/deals/{deal['id']}/stage", {"pipeline": ID, "stage_id": "WON"})) == [
        "pipeline"
    ]
    assert (await api("PUT", f"/deals/{deal['id']}/stage", {})).status_code == 422
    assert await api.read(f"/deals/{deal['id']}") == deal


async def test_being_there_already_changes_nothing(api: Api) -> None:
    """PIPE-05: the pipeline alone does not take a deal back to the start."""
    deal = await moved(api, await api.made("/deals"), pipeline_id=ID, stage_id="EXECUTING")
    assert await moved(api, deal, pipeline_id=ID) == deal
    assert await moved(api, deal, pipeline_id=ID, stage_id="EXECUTING") == deal
    inside = await moved(api, deal, pipeline_id=ID, stage_id="NEW")
    assert inside["is_new"] is True
    assert isinstance((await said(api, deal))[-1], DealStageChanged)


async def test_a_move_that_wins_a_deal_says_so(api: Api) -> None:
    """PIPE-05, DEAL-22: that it moved and that it is won are two facts."""
    deal = await api.made("/deals")
    after = await moved(api, deal, pipeline_id=ID, stage_id="WON")
    assert (after["closed"], after["stage_semantic"]) == (True, "S")
    assert [type(each) for each in await said(api, deal)] == [DealCreated, DealMovedToPipeline, DealWon]
    away = await moved(api, after, pipeline_id="default")
    assert (away["closed"], away["closed_at"], away["is_new"]) == (False, None, True)
    closed = await api.made("/deals", {"stage_id": "WON"})
    await moved(api, closed, pipeline_id=ID, stage_id="WON")
    assert isinstance((await said(api, closed))[-1], DealMovedToPipeline), "it was won before"


async def test_an_old_copy_moves_no_deal(api: Api) -> None:
    """PIPE-05."""
    deal = await api.made("/deals")
    current = await moved(api, deal, stage_id="EXECUTING")
    answer = await api("PUT", f"/deals/{deal['id']}/stage", {"pipeline_id": ID}, if_match=f'"{deal["version"]}"')
    assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")
    assert await api.read(f"/deals/{deal['id']}") == current


@pytest.mark.parametrize("closed", ["default", ID])
async def test_who_may_change_deals_in_both_pipelines_moves_them(api: Api, closed: str) -> None:
    """PIPE-05, PERM-02: else it is 403, and where he may read nothing, there is no such pipeline."""
    everywhere = Right(element="deal", levels=CHANGE)
    deal = await api.made("/deals")
    await allow(api, everywhere, Right(element="deal", pipeline_id=closed, levels={"update": "none"}))
    answer = await as_seller(api, "PUT", f"/deals/{deal['id']}/stage", {"pipeline_id": ID})
    assert (answer.status_code, answer.json()["code"]) == (403, "stage_right_missing")
    await allow(api, everywhere, Right(element="deal", pipeline_id=ID, levels=dict.fromkeys(CHANGE, "none")))
    answer = await as_seller(api, "PUT", f"/deals/{deal['id']}/stage", {"pipeline_id": ID})
    assert (wrong_fields(answer), answer.json()["code"]) == (["pipeline_id"], "pipeline_not_found")
    await allow(api, everywhere)
    answer = await as_seller(api, "PUT", f"/deals/{deal['id']}/stage", {"pipeline_id": ID})
    assert answer.json()["pipeline_id"] == ID
