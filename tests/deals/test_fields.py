"""Fields of a deal that follow from others, references that are checked, and the rows that a deal keeps."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.deals import DealCreated, DealResponsibleChanged, DealStageChanged, DealUpdated
from crm_contracts.envelope import Event

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.order import DealOrder
from services.deals.deal.domain.refusal import Refusal
from services.deals.deal.usecases import open_deal_for_lead
from shared.elements.store.reference import Reference
from shared.kit.storage.numbers import Numbers
from tests.builders.causes import a_cause
from tests.builders.deals import StartPipelines, deal_collaborators
from tests.builders.fakes import Said
from tests.builders.leads import a_deal_question
from tests.builders.running import Api, wrong_fields
from tests.builders.values import SUMS_BY_CURRENCY


async def said(api: Api, deal_id: str) -> list[Event]:
    return await api.documents(Deal, "deals").said(deal_id)


async def moved(api: Api, deal: dict[str, Any], stage_id: str) -> dict[str, Any]:
    answer = await api("PUT", f"/deals/{deal['id']}/stage", {"stage_id": stage_id})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_deal_is_new_while_it_stands_on_the_first_stage(api: Api) -> None:
    """DEAL-08: also for who hears of it alone."""
    deal = await api.made("/deals")
    assert deal["is_new"] is True
    assert (await moved(api, deal, "EXECUTING"))["is_new"] is False
    assert (await moved(api, deal, "NEW"))["is_new"] is True
    assert (await api.made("/deals", {"stage_id": "EXECUTING"}))["is_new"] is False
    created, *moves = await said(api, deal["id"])
    assert isinstance(created, DealCreated)
    assert created.deal.is_new
    assert [move.is_new for move in moves if isinstance(move, DealStageChanged)] == [False, True]


async def test_a_deal_that_was_stored_before_it_could_be_new_is_new_all_the_same(api: Api) -> None:
    """DEAL-08."""
    deal = await api.made("/deals")
    await api.database.collection("deals").update({"_id": deal["id"]}, {"$unset": {"is_new": 1}})
    assert (await api.read(f"/deals/{deal['id']}"))["is_new"] is True


async def test_a_deal_knows_the_stage_that_it_stood_on_before(api: Api) -> None:
    """DEAL-06."""
    deal = await api.made("/deals")
    assert deal["previous_stage_id"] is None
    assert (await moved(api, deal, "EXECUTING"))["previous_stage_id"] == "NEW"
    assert (await moved(api, deal, "EXECUTING"))["previous_stage_id"] == "NEW"
    assert (await moved(api, deal, "LOSE"))["previous_stage_id"] == "EXECUTING"


async def test_the_primary_contact_of_a_deal_is_named(api: Api) -> None:
    """CLI-06: also for who hears of it alone."""
    deal = await api.made("/deals", {"contacts": [{"contact_id": "ada"}, {"contact_id": "bob", "is_primary": True}]})
    assert deal["client"]["contact_id"] == "bob"
    left = (await api("DELETE", f"/deals/{deal['id']}/contacts/bob")).json()
    assert left["client"]["contact_id"] == "ada"
    left = (await api("DELETE", f"/deals/{deal['id']}/contacts/ada")).json()
    assert left["client"]["contact_id"] is None
    (created, *_) = await said(api, deal["id"])
    assert created.model_dump(mode="json")["deal"]["client"]["contact_id"] == "bob"


@pytest.mark.parametrize("name", ["is_new", "previous_stage_id", "contact_id", "client"])
async def test_what_follows_from_other_fields_cannot_be_written(api: Api, name: str) -> None:
    """DEAL-08, CLI-06, CMN-10."""
    deal = await api.made("/deals")
    for method, path in (
        ("POST", "/deals"),
        ("PATCH", f"/deals/{deal['id']}"),
        ("PUT", f"/deals/external/ro/{uuid4()}"),
    ):
        assert wrong_fields(await api(method, path, {name: None})) == [name]


async def test_the_stages_of_deals_have_their_order_colours_and_which_of_them_stay(api: Api) -> None:
    """DEAL-07, DICT-02."""
    stages = (await api.read("/deal-stages"))["items"]
    assert [stage["sort"] for stage in stages] == [10, 20, 30, 40, 50, 60, 70, 80]
    assert [stage["id"] for stage in stages if stage["system"]] == ["NEW", "WON", "LOSE"]
    assert [stage["semantic"] for stage in stages] == ["P"] * 5 + ["S", "F", "F"]
    assert all(len(stage["color"]) == 7 and int(stage["color"][1:], 16) for stage in stages)


@pytest.mark.parametrize("currency", ["ZZZ", "XXX", "XTS", "XAU", "eur", "", "EURO"])
async def test_a_currency_that_does_not_exist_is_refused_wherever_there_is_one(api: Api, currency: str) -> None:
    """CURR-01, CMN-11."""
    deal, amount = await api.made("/deals"), {"value": "5", "currency": currency}
    origin = f"/deals/external/shop/{uuid4()}"
    for method, path, body, field in (
        ("POST", "/deals", {"amount": amount}, "amount.currency"),
        ("POST", "/deals", {"currency": currency}, "currency"),
        ("PUT", origin, {"amount": amount}, "amount.currency"),
        ("PUT", f"/deals/{deal['id']}/rows", {"amount": amount}, "amount.currency"),
    ):
        answer = await api(method, path, body)
        assert wrong_fields(answer) == [field]
        assert answer.json()["errors"][0]["code"] == "unknown_currency"


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KWD", "CHF"])
async def test_any_currency_that_exists_is_taken(api: Api, currency: str) -> None:
    """CURR-01."""
    deal = await api.made("/deals", {"amount": {"value": "5", "currency": currency}})
    assert deal["amount"] == {"value": "5", "currency": currency}


@pytest.mark.parametrize(
    ("currency", "price", "quantity", "amount"),
    SUMS_BY_CURRENCY,
)
async def test_a_price_stays_as_it_is_given_and_a_sum_has_the_decimal_places_of_its_currency(
    api: Api, currency: str, price: str, quantity: str, amount: str
) -> None:
    """ROW-01, ROW-02, CURR-01."""
    rows = [{"name": "Dates", "price": price, "quantity": quantity}]
    created = await api.made("/deals", {"currency": currency, "rows": rows})
    changed = await api("PUT", f"/deals/{created['id']}/rows", {"rows": [*rows, {"name": "Nothing", "price": "0"}]})
    for shown in (created, changed.json()):
        assert shown["amount"] == {"value": amount, "currency": currency}
        assert shown["rows"][0]["price"] == price


async def test_another_responsible_user_is_a_fact_of_its_own(api: Api) -> None:
    """CMN-04."""
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}"
    await api("PATCH", path, {"responsible_id": "bob", "comments": "call him"})
    await api("PATCH", path, {"responsible_id": "bob"})
    await api("PATCH", path, {"comments": "called"})
    _, both, new, comment = await said(api, deal["id"])
    assert isinstance(both, DealUpdated)
    assert isinstance(new, DealResponsibleChanged)
    assert isinstance(comment, DealUpdated)
    assert both.after.model_fields_set == {"responsible_id", "comments"}
    assert (new.element.id, new.previous_responsible_id, new.responsible_id) == (deal["id"], "anna", "bob")


async def test_a_deal_of_another_system_is_created_once_and_then_corrected(api: Api) -> None:
    """CMN-14."""
    path, rows = f"/deals/external/shop/{uuid4()}", [{"name": "Advice", "price": "10"}]
    body = {"title": "From the shop", "stage_id": "EXECUTING", "rows": rows, "contacts": [{"contact_id": "ada"}]}
    first = await api("PUT", path, body)
    assert (first.status_code, first.json()["stage_id"]) == (201, "EXECUTING")
    again = await api("PUT", path, body)
    assert (again.status_code, again.json()) == (200, first.json())
    changed = (await api("PUT", path, {"title": "Changed", "stage_id": "LOSE", "rows": [], "contacts": []})).json()
    left_alone = ("id", "number", "stage_id", "rows", "amount", "client", "originator_id", "origin_id")
    assert {name: changed[name] for name in left_alone} == {name: first.json()[name] for name in left_alone}
    assert (changed["title"], changed["version"]) == ("Changed", 2)
    assert wrong_fields(await api("PUT", path, {"stage_id": "NOWHERE"})) == ["stage_id"]
    assert wrong_fields(await api("PUT", path, {"pipeline_id": "nowhere"})) == ["pipeline_id"]
    stale = await api("PUT", path, {"title": "Third"}, if_match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")


async def test_one_origin_put_ten_times_at_once_is_one_deal(api: Api) -> None:
    """CMN-14."""
    path = f"/deals/external/shop/{uuid4()}"
    answers = await asyncio.gather(*(api("PUT", path, {"title": "From the shop"}) for _ in range(10)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_deals_are_found_by_their_origin(api: Api) -> None:
    """CMN-14."""
    shop, order = f"shop-{uuid4()}", f"order-{uuid4()}"
    deal = await api.made("/deals", {"originator_id": shop, "origin_id": order})
    await api.made("/deals", {"originator_id": f"other-{shop}", "origin_id": f"other-{order}"})
    assert await api.ids(f"/deals?originator_id={shop}") == [deal["id"]]
    assert await api.ids(f"/deals?origin_id={order}") == [deal["id"]]
    assert await api.ids(f"/deals?originator_id={shop}&origin_id=another") == []


async def sold(api: Api, deal: dict[str, Any], *rows: dict[str, Any], **more: Any) -> Any:
    return await api("PUT", f"/deals/{deal['id']}/rows", {"rows": list(rows), **more})


async def test_a_new_quantity_keeps_what_was_agreed_for_the_row(api: Api) -> None:
    """ROW-01."""
    agreed = {"name": "Big pump", "list_price": "550", "price": "495", "quantity": "1"}
    deal = await api.made("/deals", {"rows": [agreed, {"name": "Travel", "price": "80"}]})
    pump, travel = deal["rows"]
    changed = (await sold(api, deal, {"id": pump["id"], "quantity": "3"}, {"id": travel["id"]})).json()
    assert changed["rows"] == [{**pump, "quantity": "3"}, travel]
    assert changed["amount"]["value"] == "1565.00"
    renamed = (await sold(api, deal, {"id": pump["id"], "name": "Small pump"})).json()
    assert renamed["rows"] == [{**pump, "quantity": "3", "name": "Small pump"}]


async def test_agreed_prices_hold_in_their_currency_only(api: Api) -> None:
    """ROW-01, CMN-11."""
    deal = await api.made("/deals", {"rows": [{"name": "Pump", "price": "495"}]})
    row, dollars = deal["rows"][0]["id"], {"amount": {"value": "1", "currency": "USD"}, "is_manual_amount": True}
    answer = await sold(api, deal, {"id": row, "quantity": "2"}, **dollars)
    assert (wrong_fields(answer), answer.json()["errors"][0]["code"]) == (["rows.0.price"], "price_missing")
    assert (await sold(api, deal, {"id": row, "price": "550"}, **dollars)).json()["rows"][0]["price"] == "550"


async def test_a_row_is_one_of_the_deal_or_a_new_one_without_an_id(api: Api) -> None:
    """ROW-01: nothing is silently made of what does not fit."""
    deal = await api.made("/deals", {"rows": [{"name": "Pump", "price": "495"}]})
    (row,) = deal["rows"]
    twice = await sold(api, deal, {"id": row["id"]}, {"name": "Travel"}, {"id": row["id"], "quantity": "2"})
    assert wrong_fields(twice) == ["rows.0.id", "rows.2.id"]
    assert {error["code"] for error in twice.json()["errors"]} == {"id_repeated"}
    unknown = await sold(api, deal, {"id": "elsewhere", "name": "Pump"})
    assert (wrong_fields(unknown), unknown.json()["errors"][0]["code"]) == (["rows.0.id"], "row_not_found")
    assert wrong_fields(await api("POST", "/deals", {"rows": [{"id": "mine", "name": "Pump"}]})) == ["rows.0.id"]
    assert await api.read(f"/deals/{deal['id']}") == deal


async def test_a_source_is_one_of_the_dictionary_and_the_first_unless_given(api: Api) -> None:
    """DICT-01, DICT-03, CMN-02."""
    deal = await api.made("/deals")
    assert deal["source_id"] == "CALL"
    assert (await api.made("/deals", {"source_id": None}))["source_id"] is None
    for method, path in (
        ("POST", "/deals"),
        ("PATCH", f"/deals/{deal['id']}"),
        ("PUT", f"/deals/external/shop/{uuid4()}"),
    ):
        answer = await api(method, path, {"source_id": "HEARSAY"})
        assert (wrong_fields(answer), answer.json()["code"]) == (["source_id"], "unknown_value")


async def test_a_source_that_was_deleted_stays_with_the_deals_that_have_it(api: Api) -> None:
    """DICT-02."""
    deal = await api.made("/deals")
    await api.database.collection("deals").update({"_id": deal["id"]}, {"$set": {"source_id": "FAIR"}})
    path = f"/deals/{deal['id']}"
    kept = await api("PATCH", path, {"source_id": "FAIR", "comments": "call him"})
    assert (kept.status_code, kept.json()["source_id"]) == (200, "FAIR")
    assert wrong_fields(await api("PATCH", path, {"source_id": "HEARSAY"})) == ["source_id"]


async def test_a_conversion_does_not_fail_because_of_a_code(api: Api) -> None:
    """DICT-02, LEAD-13: the deal has what the lead had."""
    asked = a_deal_question(proposed_deal_id=str(uuid4()), source_id="FAIR")
    deals, refusals = api.documents(Deal, "deals"), api.documents(Refusal, "refusals")
    use = replace(
        deal_collaborators(),
        dictionaries=Reference(api.database.collection("dictionaries")),
        numbers=Numbers(api.database.collection("counters")),
    )
    order = DealOrder.of_lead(asked)
    await open_deal_for_lead(
        order, a_cause(), deals=deals, refusals=refusals, pipelines=StartPipelines(), collaborators=use, answers=Said()
    )
    assert (await api.read(f"/deals/{asked.proposed_deal_id}"))["source_id"] == "FAIR"
