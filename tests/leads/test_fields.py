"""Fields of a lead that follow from others, references that are checked, and lists by more of its fields."""

from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.envelope import Event
from crm_contracts.leads import LeadCreated, LeadResponsibleChanged, LeadUpdated

from services.leads.lead.domain.lead import Lead
from tests.builders.running import Api, wrong_fields
from tests.builders.values import SUMS_BY_CURRENCY


async def said(api: Api, lead_id: str) -> list[Event]:
    return await api.documents(Lead, "leads").said(lead_id)


@pytest.mark.parametrize(
    ("points", "has"),
    [
        ({}, []),
        ({"phones": [{"value": "030 901820"}]}, ["has_phone"]),
        ({"emails": [{"value": "ada@acme.example"}]}, ["has_email"]),
        ({"messengers": [{"kind": "OPENLINE", "value": "chat-1"}]}, ["has_imol"]),
        ({"messengers": [{"kind": "TELEGRAM", "value": "ada"}]}, []),
    ],
)
async def test_a_lead_says_how_it_can_be_reached(api: Api, points: dict[str, Any], has: list[str]) -> None:
    """CONT-03, LEAD-18: also for who hears of it alone."""
    lead = await api.made("/leads", points)
    names = ("has_phone", "has_email", "has_imol")
    assert [name for name in names if lead[name]] == has
    (created,) = await said(api, lead["id"])
    assert isinstance(created, LeadCreated)
    published = created.model_dump(mode="json")["lead"]
    assert [name for name in names if published[name]] == has
    emptied = (await api("PATCH", f"/leads/{lead['id']}", {name: [] for name in points})).json()
    assert not any(emptied[name] for name in names)


async def test_a_lead_knows_the_stage_that_it_stood_on_before(api: Api) -> None:
    """LEAD-06, LEAD-07."""
    lead = await api.made("/leads")
    assert lead["previous_stage_id"] is None
    moved = (await api("PUT", f"/leads/{lead['id']}/stage", {"stage_id": "IN_PROCESS"})).json()
    assert (moved["stage_id"], moved["previous_stage_id"]) == ("IN_PROCESS", "NEW")


@pytest.mark.parametrize("name", ["has_phone", "has_email", "has_imol", "previous_stage_id", "contact_id"])
async def test_what_follows_from_other_fields_cannot_be_written(api: Api, name: str) -> None:
    """CMN-10, CONT-03, CLI-06."""
    lead = await api.made("/leads")
    origin = f"/leads/external/ro/{uuid4()}"
    for method, path in (("POST", "/leads"), ("PATCH", f"/leads/{lead['id']}"), ("PUT", origin)):
        assert wrong_fields(await api(method, path, {name: None})) == [name]


async def test_the_stages_of_leads_have_their_order_colours_and_which_of_them_stay(api: Api) -> None:
    """LEAD-06, DICT-02."""
    stages = (await api.read("/lead-stages"))["items"]
    assert [stage["sort"] for stage in stages] == [10, 20, 30, 40, 50]
    assert [stage["id"] for stage in stages if stage["system"]] == ["NEW", "CONVERTED", "JUNK"]
    assert all(len(stage["color"]) == 7 and int(stage["color"][1:], 16) for stage in stages)


async def test_a_currency_that_does_not_exist_is_refused_wherever_there_is_one(api: Api) -> None:
    """CURR-01, LEAD-18."""
    lead, amount = await api.made("/leads"), {"value": "5", "currency": "ZZZ"}
    for method, path, body, field in (
        ("POST", "/leads", {"amount": amount}, "amount.currency"),
        ("POST", "/leads", {"currency": "ZZZ"}, "currency"),
        ("PUT", f"/leads/external/shop/{uuid4()}", {"amount": amount}, "amount.currency"),
        ("PUT", f"/leads/{lead['id']}/rows", {"amount": amount}, "amount.currency"),
    ):
        assert wrong_fields(await api(method, path, body)) == [field]


@pytest.mark.parametrize(
    ("currency", "price", "quantity", "amount"),
    SUMS_BY_CURRENCY,
)
async def test_a_price_stays_as_it_is_given_and_a_sum_has_the_decimal_places_of_its_currency(
    api: Api, currency: str, price: str, quantity: str, amount: str
) -> None:
    """ROW-01, ROW-02, CURR-01."""
    rows = [{"name": "Dates", "price": price, "quantity": quantity}]
    created = await api.made("/leads", {"currency": currency, "rows": rows})
    changed = await api("PUT", f"/leads/{created['id']}/rows", {"rows": [*rows, {"name": "Nothing", "price": "0"}]})
    for shown in (created, changed.json()):
        assert shown["amount"] == {"value": amount, "currency": currency}
        assert shown["rows"][0]["price"] == price


async def test_another_responsible_user_is_a_fact_of_its_own(api: Api) -> None:
    """CMN-04."""
    lead = await api.made("/leads")
    await api("PATCH", f"/leads/{lead['id']}", {"responsible_id": "bob"})
    _, updated, new = await said(api, lead["id"])
    assert isinstance(updated, LeadUpdated)
    assert isinstance(new, LeadResponsibleChanged)
    assert (new.element.id, new.previous_responsible_id, new.responsible_id) == (lead["id"], "anna", "bob")


async def test_leads_are_found_by_a_contact_and_by_their_origin(api: Api) -> None:
    """CMN-14, CLI-01."""
    mine = f"x-{uuid4()}"
    lead = await api.made("/leads", {"contacts": [{"contact_id": mine}], "originator_id": mine, "origin_id": mine})
    await api.made("/leads")
    for name in ("contact_id", "originator_id", "origin_id"):
        assert await api.ids(f"/leads?{name}={mine}") == [lead["id"]]


@pytest.mark.parametrize("name", ["source_id", "salutation"])
async def test_a_code_that_is_in_no_dictionary_is_refused(api: Api, name: str) -> None:
    """DICT-01, CONT-02, DICT-03."""
    lead = await api.made("/leads")
    origin = f"/leads/external/shop/{uuid4()}"
    for method, path in (("POST", "/leads"), ("PATCH", f"/leads/{lead['id']}"), ("PUT", origin)):
        answer = await api(method, path, {name: "HEARSAY"})
        assert (wrong_fields(answer), answer.json()["code"]) == ([name], "unknown_value")
        assert "GET /v1/dictionaries/s" in answer.json()["errors"][0]["message"]


async def test_a_new_lead_has_the_first_source_and_no_salutation(api: Api) -> None:
    """DICT-03, CONT-02."""
    lead = await api.made("/leads")
    assert (lead["source_id"], lead["salutation"]) == ("CALL", None)
    assert (await api.made("/leads", {"salutation": "MS", "source_id": "WEB"}))["salutation"] == "MS"


async def test_a_code_that_was_deleted_stays_with_the_leads_that_have_it(api: Api) -> None:
    """DICT-02."""
    lead = await api.made("/leads")
    stored = {"source_id": "FAIR", "salutation": "DR"}
    await api.database.collection("leads").update({"_id": lead["id"]}, {"$set": stored})
    kept = await api("PATCH", f"/leads/{lead['id']}", {**stored, "comments": "call her"})
    assert (kept.status_code, kept.json()["salutation"], kept.json()["source_id"]) == (200, "DR", "FAIR")


async def test_the_way_of_a_visitor_to_us_is_kept_and_shown_where_it_is_known(api: Api) -> None:
    """CMN-08, LEAD-18: who left no trace shows none; the same again is no change."""
    touch = {
        "at": "2026-03-02T12:00:00Z",
        "url": "https://acme.example/pumps",
        "referrer": "https://search.example/",
        "utm": {"source": "news", "medium": "CPC", "campaign": "spring", "content": None, "term": None},
    }
    lead = await api.made("/leads", {"title": "Pumps"})
    assert "traces" not in lead
    for _ in range(2):
        found = (await api("PATCH", f"/leads/{lead['id']}", {"traces": [touch]})).json()
        assert (found["traces"], found["version"]) == ([touch], lead["version"] + 1)
    assert (await api.read(f"/leads/{lead['id']}"))["traces"] == [touch]
    (_, updated) = await said(api, lead["id"])
    assert isinstance(updated, LeadUpdated)
    assert updated.model_dump(mode="json")["after"] == {"traces": [touch]}
    wrong = await api("PATCH", f"/leads/{lead['id']}", {"traces": [{"at": "yesterday", "url": "acme"}]})
    assert wrong_fields(wrong) == ["traces.0.at", "traces.0.url"]
    gone = (await api("PATCH", f"/leads/{lead['id']}", {"traces": []})).json()
    assert "traces" not in gone
