"""The leads API, on the real app and a real MongoDB."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from crm_contracts.client_answers import (
    ElementCompanyRefused,
    ElementContactsResolved,
    LeadClientRefused,
    LeadClientResolved,
)
from crm_contracts.conversions import ConversionRef
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Event
from crm_contracts.products import ListPrice, ProductCreated, ProductState
from crm_contracts.values import ElementRef

from services.leads.lead.domain.lead import Lead
from services.leads.lead.events import reactions
from services.leads.lead.store import set_missing_timers
from shared.elements.events.client_field import client_answer_reactions
from shared.elements.events.products import product_reactions
from shared.elements.store.products import Products
from shared.kit.storage.indexes import Index
from tests.builders.causes import ANNA, NOON
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import NobodyLeft
from tests.builders.running import Api, wrong_fields
from tests.builders.values import company_ref, contact_ref, euros
from tests.kit.waiting import eventually

READ_ONLY = {
    "number": 7,
    "created_at": "2020-01-01T00:00:00Z",
    "created_by": "user:eve",
    "updated_at": "2020-01-01T00:00:00Z",
    "updated_by": "user:eve",
    "moved_at": "2020-01-01T00:00:00Z",
    "moved_by": "user:eve",
    "closed_at": "2020-01-01T00:00:00Z",
    "stage_semantic": "S",
    "is_repeat": True,
    "converted": True,
    "deal_ids": ["deal-1"],
    "version": 1,
}
WRITES = [
    ("PATCH", "", {"title": "Changed"}),
    ("PUT", "/stage", {"stage_id": "JUNK"}),
    ("PUT", "/rows", {"rows": [{"name": "Advice"}]}),
    ("PUT", "/client", {"contacts": [{"contact_id": "ada"}]}),
    ("PUT", "/contacts", [{"contact_id": "ada"}]),
    ("POST", "/contacts", {"contact_id": "ada"}),
    ("DELETE", "/contacts/ada", None),
]
ENDPOINTS = [
    ("POST", "/leads", {}),
    ("PUT", "/leads/external/shop/1", {}),
    *((method, f"/leads/lead-1{path}", body) for method, path, body in WRITES),
    ("POST", "/leads/lead-1/conversion", {}),
]
READS = ["/leads", "/leads/lead-1", "/leads/lead-1/conversion", "/lead-stages"]


async def deliver(api: Api, lead_id: str, event: Event) -> None:
    """What another service says, as the subscription would bring it."""
    envelope = an_event(event, id_=str(uuid4()), subject=lead_id)
    leads, removed_clients = api.documents(Lead, "leads"), NobodyLeft()
    answers = client_answer_reactions({"lead": leads}, removed_clients=removed_clients)
    await react([*reactions(leads=leads, removed_clients=removed_clients), *answers], envelope)


def ref(lead: Mapping[str, Any]) -> ElementRef:
    return ElementRef(type="lead", id=lead["id"], title=lead["title"])


async def conversion_of(api: Api, lead: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await api.read(f"/leads/{lead['id']}/conversion")
    return found


async def resolve(api: Api, lead: Mapping[str, Any]) -> None:
    running = await conversion_of(api, lead)
    asked = {"lead": ref(lead), "conversion_id": running["conversion_id"], "attempt": running["attempt"]}
    await deliver(api, lead["id"], LeadClientResolved(**asked, contact=contact_ref()))


async def refuse(api: Api, lead: Mapping[str, Any]) -> None:
    running = await conversion_of(api, lead)
    asked = {"lead": ref(lead), "conversion_id": running["conversion_id"], "attempt": running["attempt"]}
    refusal = LeadClientRefused(**asked, code="duplicates_found", message="no", candidates=(contact_ref(),))
    await deliver(api, lead["id"], refusal)


async def open_deal(api: Api, lead: Mapping[str, Any]) -> None:
    running = await conversion_of(api, lead)
    asked_by = ConversionRef(lead_id=lead["id"], conversion_id=running["conversion_id"], attempt=running["attempt"])
    deal = just_created_deal(f"deal-of-{lead['id']}", conversion=asked_by)
    await deliver(api, lead["id"], DealCreated(deal=deal.state, conversion=asked_by))


async def sells(api: Api, id_: str, *, active: bool = True, price: str | None = "550") -> None:
    """A product that the service has heard of."""
    product = ProductState(
        id=id_,
        number=1,
        name="Pump",
        active=active,
        prices=() if price is None else (ListPrice(price=euros(price)),),
        created_at=NOON,
        created_by=ANNA,
        updated_at=NOON,
        updated_by=ANNA,
    )
    envelope = an_event(ProductCreated(product=product), subject=id_)
    products = Products(api.database.collection("products"))
    await react(product_reactions(products), envelope)


async def test_a_lead_needs_nothing(api: Api) -> None:
    """LEAD-01, LEAD-06, CMN-01, CMN-03, CMN-04."""
    lead = await api.made("/leads")
    assert lead["title"] == f"Lead #{lead['number']}"
    assert (lead["stage_id"], lead["stage_semantic"], lead["responsible_id"]) == ("NEW", "P", "anna")
    assert (lead["created_by"], lead["is_repeat"], lead["version"]) == ("user:anna", False, 1)
    assert await api.read(f"/leads/{lead['id']}") == lead


async def test_everything_that_is_said_of_a_lead_is_kept(api: Api) -> None:
    """LEAD-02, LEAD-18, CONT-03."""
    said = {
        "title": "Pumps for ACME",
        "salutation": "MS",
        "first_name": "Ada",
        "middle_name": "King",
        "last_name": "Lovelace",
        "birth_date": "1990-12-10",
        "position": "Engineer",
        "company_title": "ACME GmbH",
        "source_id": "WEB",
        "source_description": "fair",
        "status_description": "called",
        "comments": "asked for a call",
        "responsible_id": "bob",
        "observers": ["eve"],
        "open_to_all": False,
    }
    points = {"phones": [{"value": "030 901820"}], "emails": [{"value": "Ada@ACME.example", "kind": "HOME"}]}
    lead = await api.made("/leads", {**said, **points, "address": {"city": "Berlin"}, "utm": {"source": "letter"}})
    assert {name: lead[name] for name in said} == said
    assert lead["phones"] == [
        {"kind": "WORK", "value": "030 901820", "normalized": "+4930901820", "extension": None, "url": None}
    ]
    assert lead["emails"] == [
        {"kind": "HOME", "value": "Ada@ACME.example", "normalized": "ada@acme.example", "extension": None, "url": None}
    ]
    assert (lead["address"]["city"], lead["utm"]["source"]) == ("Berlin", "letter")


async def test_a_phone_that_cannot_be_read_is_kept_as_it_was_typed(api: Api) -> None:
    """CONT-03, LEAD-01."""
    lead = await api.made("/leads", {"phones": [{"value": "call me"}], "emails": [{"value": "at home"}]})
    assert [point["normalized"] for point in (*lead["phones"], *lead["emails"])] == [None, None]


async def test_every_wrong_field_is_named(api: Api) -> None:
    """CMN-10."""
    body = {
        "title": 7,
        "birth_date": "2999-01-01",
        "phones": [{"value": "1"}, {"value": ""}],
        "stage_id": "",
        "amount": {"value": "-1", "currency": "euro"},
        "rows": [{"quantity": "0"}],
        "nonsense": True,
    }
    named = wrong_fields(await api("POST", "/leads", body))
    assert sorted(named) == [
        "amount.currency",
        "amount.value",
        "birth_date",
        "nonsense",
        "phones.1.value",
        "rows.0.quantity",
        "stage_id",
        "title",
    ]


async def test_a_product_that_catalog_has_just_created_is_refused_until_its_event_has_come(api: Api) -> None:
    """ROW-01, PROD-10: and the refusal says so, for the same request with the same key is taken then."""
    key, id_ = str(uuid4()), str(uuid4())
    body = {"rows": [{"product_id": id_}]}
    refused = await api("POST", "/leads", body, idempotency_key=key)
    assert wrong_fields(refused) == ["rows.0.product_id"]
    wrong = refused.json()["errors"][0]
    assert "if it was created just now, send the same request again in a moment" in wrong["message"]
    page = (await api.get(f"/errors/{wrong['code']}")).json()
    assert (page["status"], "created just now" in page["advice"]) == (422, True)
    assert "can never" not in (await api.get("/errors/invalid")).text
    await sells(api, id_)
    assert (await api("POST", "/leads", body, idempotency_key=key)).status_code == 201


async def test_an_unknown_stage_and_every_wrong_row_are_named(api: Api) -> None:
    """LEAD-06, ROW-01."""
    assert wrong_fields(await api("POST", "/leads", {"stage_id": "WON"})) == ["stage_id"]
    rows = [{"product_id": "nothing"}, {"name": "Advice"}, {}]
    assert wrong_fields(await api("POST", "/leads", {"rows": rows})) == ["rows.0.product_id", "rows.2.name"]


@pytest.mark.parametrize("part", ["originator_id", "origin_id"])
async def test_half_an_origin_is_none(api: Api, part: str) -> None:
    """CMN-14."""
    (missing,) = {"originator_id", "origin_id"} - {part}
    assert wrong_fields(await api("POST", "/leads", {part: "x"})) == [missing]


@pytest.mark.parametrize("name", READ_ONLY)
async def test_what_the_system_writes_cannot_be_written(api: Api, name: str) -> None:
    """CMN-10, LEAD-03, LEAD-09."""
    lead = await api.made("/leads")
    for method, path in (("POST", "/leads"), ("PATCH", f"/leads/{lead['id']}"), ("PUT", f"/leads/external/ro/{name}")):
        assert wrong_fields(await api(method, path, {name: READ_ONLY[name]})) == [name]
    assert await api.read(f"/leads/{lead['id']}") == lead


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
async def test_nobody_writes_without_the_permission(api: Api, method: str, path: str, body: Any) -> None:
    assert (await api(method, path, body, roles=None)).status_code == 401
    answer = await api(method, path, body, roles=["reader"])
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", READS)
async def test_nobody_reads_without_the_permission(api: Api, path: str) -> None:
    assert (await api("GET", path, roles=None)).status_code == 401
    assert (await api("GET", path, roles=[])).status_code == 403


@pytest.mark.parametrize(("method", "path", "body"), [e for e in ENDPOINTS if "lead-1" in e[1]])
async def test_a_lead_that_is_not_there_is_not_found(api: Api, method: str, path: str, body: Any) -> None:
    answer = await api(method, path.replace("lead-1", "nobody"), body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_a_change_of_an_old_copy_is_refused(api: Api, method: str, path: str, body: Any) -> None:
    lead = await api.made("/leads", {"contacts": [{"contact_id": "bob"}]})
    refused = await api(method, f"/leads/{lead['id']}{path}", body, if_match='"99"')
    assert (refused.status_code, refused.json()["code"]) == (412, "version_mismatch")
    assert await api.read(f"/leads/{lead['id']}") == lead
    answer = await api(method, f"/leads/{lead['id']}{path}", body, if_match='"1"')
    assert answer.status_code in {200, 202}, answer.text


async def test_a_request_that_is_repeated_with_its_key_makes_one_lead(api: Api) -> None:
    """LEAD-13."""
    key = str(uuid4())
    first = await api("POST", "/leads", {"title": "Once"}, idempotency_key=key)
    again = await api("POST", "/leads", {"title": "Once"}, idempotency_key=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    other = await api("POST", "/leads", {"title": "Twice"}, idempotency_key=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_lead_may_bring_its_id_and_no_second_one_gets_it(api: Api) -> None:
    id_ = str(uuid4())
    assert (await api.made("/leads", {"id": id_}))["id"] == id_
    taken = await api("POST", "/leads", {"id": id_})
    assert (taken.status_code, taken.json()["code"]) == (409, "id_taken")
    assert wrong_fields(await api("POST", "/leads", {"id": "not-an-id"})) == ["id"]


async def test_a_correction_changes_what_it_says_and_a_correction_of_nothing_changes_nothing(api: Api) -> None:
    """LEAD-10."""
    lead = await api.made("/leads", {"comments": "call her", "first_name": "Ada"})
    answer = await api("PATCH", f"/leads/{lead['id']}", {"comments": "called", "first_name": "Ada"})
    assert (answer.json()["comments"], answer.json()["version"], answer.headers["etag"]) == ("called", 2, '"2"')
    again = await api("PATCH", f"/leads/{lead['id']}", {"comments": "called"})
    assert again.json() == answer.json()


async def test_fields_and_client_are_corrected_together_or_not_at_all(api: Api) -> None:
    """LEAD-03, LEAD-10, CLI-06."""
    lead = await api.made("/leads")
    path = f"/leads/{lead['id']}"
    two = await api("PATCH", path, {"title": "Changed", "company_id": ["acme", "bell"]})
    assert (two.status_code, two.json()["code"], wrong_fields(two)) == (422, "only_one_company", ["company_id"])
    assert await api.read(path) == lead
    changed = (await api("PATCH", path, {"title": "Changed", "contacts": [{"contact_id": "ada"}]})).json()
    assert (changed["title"], changed["is_repeat"], changed["version"]) == ("Changed", True, 2)
    await api("POST", f"{path}/conversion", {})
    refused = await api("PATCH", path, {"title": "Again", "contacts": []})
    assert (refused.status_code, refused.json()["code"]) == (409, "conversion_running")
    assert (await api.read(path))["title"] == "Changed"


async def test_a_lead_moves_and_being_there_already_changes_nothing(api: Api) -> None:
    """LEAD-07."""
    lead = await api.made("/leads")
    path = f"/leads/{lead['id']}/stage"
    moved = (await api("PUT", path, {"stage_id": "JUNK"})).json()
    assert (moved["stage_id"], moved["stage_semantic"], moved["moved_by"]) == ("JUNK", "F", "user:anna")
    assert moved["closed_at"] == moved["moved_at"]
    assert (await api("PUT", path, {"stage_id": "JUNK"})).json() == moved
    assert (await api("PUT", path, {"stage_id": "NEW"})).json()["closed_at"] is None
    assert wrong_fields(await api("PUT", path, {"stage_id": "WON"})) == ["stage_id"]


async def test_the_stages_are_listed_in_their_order(api: Api) -> None:
    """LEAD-06."""
    stages = (await api.read("/lead-stages"))["items"]
    assert [stage["id"] for stage in stages] == ["NEW", "IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK"]


async def test_products_make_the_amount_of_a_lead(api: Api) -> None:
    """ROW-01, ROW-02."""
    await sells(api, "pump")
    lead = await api.made("/leads", {"rows": [{"product_id": "pump", "quantity": "2"}]})
    assert (lead["rows"][0]["name"], lead["amount"]) == ("Pump", {"value": "1100.00", "currency": "EUR"})
    path = f"/leads/{lead['id']}/rows"
    refused = await api("PUT", path, {"amount": {"value": "5", "currency": "EUR"}})
    assert wrong_fields(refused) == ["amount"]
    typed = {"amount": {"value": "5", "currency": "EUR"}, "is_manual_amount": True}
    manual = (await api("PUT", path, typed)).json()
    assert (manual["amount"]["value"], manual["is_manual_amount"], len(manual["rows"])) == ("5", True, 1)
    summed = (await api("PUT", path, {"is_manual_amount": False})).json()
    assert summed["amount"]["value"] == "1100.00"
    assert (await api("PUT", path, {"rows": []})).json()["amount"]["value"] == "0"


async def test_a_product_that_was_switched_off_is_not_sold(api: Api) -> None:
    """ROW-01, PROD-10."""
    await sells(api, "old", active=False)
    assert wrong_fields(await api("POST", "/leads", {"rows": [{"product_id": "old"}]})) == ["rows.0.product_id"]


async def test_a_product_without_any_price_is_not_silently_sold_at_nothing(api: Api) -> None:
    """ROW-01: a row of it has a price of its own, which may be 0."""
    await sells(api, "unpriced", price=None)
    refused = await api("POST", "/leads", {"rows": [{"product_id": "unpriced"}]})
    assert (wrong_fields(refused), refused.json()["errors"][0]["code"]) == (["rows.0.price"], "price_missing")
    assert "`price`" in (await api.get("/errors/price_missing")).json()["advice"]
    for price in ("0", "12.5"):
        lead = await api.made("/leads", {"rows": [{"product_id": "unpriced", "price": price}]})
        assert (lead["rows"][0]["name"], lead["rows"][0]["price"]) == ("Pump", price)


async def test_all_four_ways_to_set_a_client(api: Api) -> None:
    """LEAD-03."""
    body = {"contacts": [{"contact_id": "ada"}]}
    assert (await api.made("/leads", body))["is_repeat"]
    for method, path, sent, is_repeat in (
        ("PATCH", "", body, True),
        ("PUT", "/client", body, True),
        ("PUT", "/contacts", body["contacts"], False),
        ("POST", "/contacts", body["contacts"][0], False),
    ):
        lead = await api.made("/leads")
        answer = await api(method, f"/leads/{lead['id']}{path}", sent)
        assert answer.status_code == (200 if method == "PATCH" else 202), answer.text
        found = await api.read(f"/leads/{lead['id']}")
        assert (found["client"]["contacts"][0]["contact_id"], found["is_repeat"]) == ("ada", is_repeat)
        answer = await api("DELETE", f"/leads/{lead['id']}/contacts/ada")
        assert (answer.json()["client"]["contacts"], answer.json()["is_repeat"]) == ([], is_repeat)


async def test_a_key_that_was_forgotten_is_a_new_one(api: Api) -> None:
    """CLI-06: keys live for a day, what a lead remembers of its causes may live longer."""
    lead = await api.made("/leads")
    path = f"/leads/{lead['id']}/contacts"
    await api("POST", path, {"contact_id": "ada"}, idempotency_key="monthly")
    await api.database.collection("idempotency").delete({})  # as MongoDB does it after 24 hours
    answer = await api("POST", path, {"contact_id": "bob"}, idempotency_key="monthly")
    assert answer.json()["added"] is True
    linked = (await api.read(f"/leads/{lead['id']}"))["client"]["contacts"]
    assert [link["contact_id"] for link in linked] == ["ada", "bob"]


async def test_a_contact_that_is_linked_already_is_not_added(api: Api) -> None:
    """CLI-06."""
    lead = await api.made("/leads")
    path = f"/leads/{lead['id']}/contacts"
    first, again = await api("POST", path, {"contact_id": "ada"}), await api("POST", path, {"contact_id": "ada"})
    assert (first.json()["added"], again.json()["added"]) == (True, False)
    assert again.json()["lead"] == first.json()["lead"]


@pytest.mark.parametrize("path", ["POST /leads", "PATCH", "PUT client"])
async def test_two_companies_are_one_too_many(api: Api, path: str) -> None:
    """CLI-06."""
    lead, body = await api.made("/leads"), {"company_id": ["acme", "bell"]}
    calls = {
        "POST /leads": ("POST", "/leads"),
        "PATCH": ("PATCH", f"/leads/{lead['id']}"),
        "PUT client": ("PUT", f"/leads/{lead['id']}/client"),
    }
    answer = await api(*calls[path], body)
    assert (wrong_fields(answer), answer.json()["code"]) == (["company_id"], "only_one_company")
    assert await api.read(f"/leads/{lead['id']}") == lead


async def linked_within(api: Api, lead: Mapping[str, Any], answer: Event) -> httpx.Response:
    """The answer to a caller who waits while clients is asked."""
    path = f"/leads/{lead['id']}"
    call = asyncio.create_task(api("PUT", f"{path}/client", {"company_id": "acme"}, prefer="wait=20"))

    async def is_asked() -> bool:
        return bool((await api.read(path))["client"]["link_state"] == "pending")

    await eventually(is_asked, "the company is asked for")
    await deliver(api, lead["id"], answer)
    return await call


async def test_linking_a_company_is_accepted_and_whoever_waits_sees_its_contacts(api: Api) -> None:
    """CLI-07."""
    lead = await api.made("/leads")
    accepted = await api("PUT", f"/leads/{lead['id']}/client", {"company_id": "bell"})
    assert (accepted.status_code, accepted.json()["client"]["link_state"]) == (202, "pending")
    found = ElementContactsResolved(element=ref(lead), link_no=2, company=company_ref(), contacts=(contact_ref(),))

    async def asked_again() -> httpx.Response:
        call = asyncio.create_task(api("PUT", f"/leads/{lead['id']}/client", {"company_id": "acme"}, prefer="wait=20"))

        async def is_asked() -> bool:
            return bool((await api.read(f"/leads/{lead['id']}"))["client"]["link_no"] == 2)

        await eventually(is_asked, "the company is asked for")
        await deliver(api, lead["id"], found)
        return await call

    answer = await asked_again()
    assert answer.status_code == 200
    client = answer.json()["client"]
    assert (client["link_state"], client["company"]["title"]) == ("done", "ACME GmbH")
    assert [link["contact_id"] for link in client["contacts"]] == ["ada"]


async def test_whoever_waits_for_a_company_that_is_not_there_is_told_so(api: Api) -> None:
    """CLI-07."""
    lead = await api.made("/leads")
    refusal = ElementCompanyRefused(element=ref(lead), link_no=1, company=company_ref(), code="company_not_found")
    answer = await linked_within(api, lead, refusal)
    assert (answer.status_code, answer.json()["code"]) == (409, "company_not_found")
    assert answer.json()["client"]["link_state"] == "refused"


async def test_a_lead_of_another_system_is_created_once_and_then_corrected(api: Api) -> None:
    """CMN-14."""
    path, rows = f"/leads/external/shop/{uuid4()}", [{"name": "Advice", "price": "10"}]
    body = {"title": "From the shop", "stage_id": "PROCESSED", "rows": rows, "contacts": [{"contact_id": "ada"}]}
    first = await api("PUT", path, body)
    assert (first.status_code, first.json()["stage_id"]) == (201, "PROCESSED")
    again = await api("PUT", path, body)
    assert (again.status_code, again.json()) == (200, first.json())
    other = {"title": "Changed", "stage_id": "JUNK", "rows": [], "contacts": []}
    changed = (await api("PUT", path, other)).json()
    assert (again.json()["left_out"], changed["left_out"]) == ([], ["stage_id", "rows"])
    left_alone = ("id", "number", "stage_id", "rows", "amount", "client", "is_repeat", "originator_id", "origin_id")
    assert {name: changed[name] for name in left_alone} == {name: first.json()[name] for name in left_alone}
    assert (changed["title"], changed["version"]) == ("Changed", 2)
    assert wrong_fields(await api("PUT", path, {"stage_id": "NOWHERE"})) == ["stage_id"]


async def test_an_amount_that_an_upsert_finds_as_it_is_is_not_named(api: Api) -> None:
    """CMN-14."""
    path = f"/leads/external/shop/{uuid4()}"
    for value, left_out in (("12.50", []), ("12.50", []), ("12.5", []), ("99", ["amount"])):
        answer = await api("PUT", path, {"title": "Order", "amount": {"value": value, "currency": "EUR"}})
        assert (answer.json()["left_out"], answer.json()["amount"]["value"]) == (left_out, "12.50")


async def test_what_an_upsert_leaves_as_it_is_is_named(api: Api) -> None:
    """CMN-14: nothing that was sent is silently ignored, also in a batch; what is as the lead has it is not named."""
    origin = {"originator_id": "shop", "origin_id": str(uuid4())}
    row, contacts = {"name": "Advice", "price": "10"}, [{"contact_id": "ada"}]
    body = {"title": "Order", "stage_id": "NEW", "company_id": "acme", "rows": [row], "contacts": contacts}
    path = f"/leads/external/shop/{origin['origin_id']}"
    assert (await api("PUT", path, body)).json()["left_out"] == []
    other: dict[str, Any] = {
        "title": "Order 2",
        "company_id": "bell",
        "contacts": [{"contact_id": "bob"}],
        "rows": [{**row, "price": "11"}],
        "amount": {"value": "12", "currency": "USD"},
        "currency": "USD",
        "is_manual_amount": True,
        "converted_elsewhere": True,
    }
    answer = await api("POST", "/leads/batch", {"items": [{**other, **origin}], "on_existing": "correct"})
    (item,) = answer.json()["items"]
    assert (item["outcome"], item["left_out"]) == ("corrected", [name for name in other if name != "title"])
    answer = await api("PUT", path, {"stage_id": "JUNK"})
    assert (answer.status_code, answer.json()["left_out"], answer.json()["title"]) == (200, ["stage_id"], "Order 2")


async def test_an_old_copy_of_another_system_s_lead_is_refused(api: Api) -> None:
    """CMN-14."""
    path = f"/leads/external/shop/{uuid4()}"
    await api("PUT", path, {"title": "First"})
    await api("PUT", path, {"title": "Second"}, if_match='"1"')
    stale = await api("PUT", path, {"title": "Third"}, if_match='"1"')
    assert (stale.status_code, stale.json().get("code")) == (412, "version_mismatch")


async def test_one_origin_put_ten_times_at_once_is_one_lead(api: Api) -> None:
    """CMN-14."""
    path = f"/leads/external/shop/{uuid4()}"
    answers = await asyncio.gather(*(api("PUT", path, {"title": "From the shop"}) for _ in range(10)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_an_origin_belongs_to_one_lead(api: Api) -> None:
    """CMN-14."""
    body = {"originator_id": "shop", "origin_id": str(uuid4())}
    lead = await api.made("/leads", body)
    taken = await api("POST", "/leads", body)
    assert (taken.status_code, taken.json()["code"]) == (409, "origin_taken")
    assert (taken.json()["existing_id"], lead["id"] in taken.json()["detail"]) == (lead["id"], True)
    upserted = await api("PUT", f"/leads/external/shop/{body['origin_id']}", {"title": "Known"})
    assert (upserted.status_code, upserted.json()["id"]) == (200, lead["id"])


async def test_a_conversion_is_accepted_and_can_be_watched(api: Api) -> None:
    """LEAD-11, LEAD-14."""
    lead = await api.made("/leads", {"title": "Pumps for ACME"})
    path = f"/leads/{lead['id']}/conversion"
    assert (await api.read(path))["state"] == "none"
    accepted = await api("POST", path, {})
    assert (accepted.status_code, accepted.headers["location"]) == (202, f"/v1{path}")
    assert (accepted.json()["state"], accepted.json()["targets"]) == ("running", ["contact", "deal"])
    await resolve(api, lead)
    await open_deal(api, lead)
    done = await api("POST", path, {})
    assert (done.status_code, done.json()["state"]) == (200, "done")
    assert done.json()["contact"]["id"] == "ada"
    assert done.json()["deal"]["id"] == f"deal-of-{lead['id']}"
    converted = await api.read(f"/leads/{lead['id']}")
    assert (converted["stage_id"], converted["converted_by"]) == ("CONVERTED", "user:anna")
    assert (converted["deal_ids"], converted["conversion_state"]) == ([f"deal-of-{lead['id']}"], "done")
    other = await api("POST", path, {"targets": ["company"]})
    assert (other.status_code, other.json()["code"]) == (409, "lead_already_converted")


async def test_whoever_waits_for_a_conversion_gets_its_result(api: Api) -> None:
    """LEAD-11."""
    lead = await api.made("/leads")
    path = f"/leads/{lead['id']}/conversion"
    call = asyncio.create_task(api("POST", path, {}, prefer="wait=20"))

    async def runs() -> bool:
        return bool((await conversion_of(api, lead))["state"] == "running")

    await eventually(runs, "the conversion runs")
    await resolve(api, lead)
    await open_deal(api, lead)
    answer = await call
    assert (answer.status_code, answer.json()["state"]) == (200, "done")


async def test_a_refused_conversion_names_the_candidates_and_can_be_tried_again(api: Api) -> None:
    """LEAD-12, LEAD-13."""
    lead = await api.made("/leads")
    path, key = f"/leads/{lead['id']}/conversion", str(uuid4())
    await api("POST", path, {"on_duplicate": "reject"}, idempotency_key=key)
    await refuse(api, lead)
    refused = await api("POST", path, {"on_duplicate": "reject"}, idempotency_key=key)
    assert (refused.status_code, refused.json()["code"]) == (409, "conversion_refused")
    assert refused.json()["reason"] == "duplicates_found"
    assert [ref["id"] for ref in refused.json()["candidates"]] == ["ada"]
    again = await api("POST", path, {"on_duplicate": "link"})
    assert (again.status_code, again.json()["attempt"]) == (202, 2)
    await resolve(api, lead)
    await open_deal(api, lead)
    assert (await conversion_of(api, lead))["state"] == "done"


async def test_fifty_calls_at_once_start_one_conversion(api: Api) -> None:
    """LEAD-13."""
    lead = await api.made("/leads")
    calls = (api("POST", f"/leads/{lead['id']}/conversion", {}) for _ in range(50))
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {202}
    assert {(answer.json()["conversion_id"], answer.json()["attempt"]) for answer in answers} == {
        (answers[0].json()["conversion_id"], 1)
    }
    said = await api.documents(Lead, "leads").said(lead["id"])
    assert len(said) == 2


async def test_a_repeat_lead_converts_only_into_a_deal(api: Api) -> None:
    """LEAD-04."""
    lead = await api.made("/leads", {"contacts": [{"contact_id": "ada"}]})
    path = f"/leads/{lead['id']}/conversion"
    refused = await api("POST", path, {"targets": ["contact", "deal"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "repeat_lead_only_deal")
    assert await api.read(f"/leads/{lead['id']}") == lead
    assert (await api("POST", path, {})).json()["targets"] == ["deal"]


async def test_while_it_is_converted_a_lead_stands_still(api: Api) -> None:
    """LEAD-13."""
    lead = await api.made("/leads")
    await api("POST", f"/leads/{lead['id']}/conversion", {})
    for method, path, body in WRITES[1:2] + WRITES[3:6]:
        answer = await api(method, f"/leads/{lead['id']}{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "conversion_running")
    other = await api("POST", f"/leads/{lead['id']}/conversion", {"targets": ["deal"]})
    assert (other.status_code, other.json()["code"]) == (409, "conversion_running")


@pytest.mark.parametrize(
    "body", [{"targets": []}, {"targets": ["quote"]}, {"on_duplicate": "merge"}, {"activities": "drop"}, {"x": 1}]
)
async def test_a_wrong_wish_names_its_field(api: Api, body: dict[str, Any]) -> None:
    """LEAD-11."""
    (named,) = wrong_fields(await api("POST", "/leads/lead-1/conversion", body))
    assert named.partition(".")[0] in body


@pytest.mark.parametrize("targets", [["contact", "company", "deal"], ["deal"], ["contact"]])
async def test_a_pipeline_that_there_is_not_is_refused_before_anything_is_made(api: Api, targets: list[str]) -> None:
    """LEAD-11: for one lead and for many."""
    lead = await api.made("/leads", {"last_name": "Berg"})
    wish = {"targets": targets, "pipeline_id": "nowhere"}
    one = await api("POST", f"/leads/{lead['id']}/conversion", wish)
    many = await api("POST", "/conversions", {"lead_ids": [lead["id"]], **wish})
    for refused in (one, many):
        assert (wrong_fields(refused), refused.json()["code"]) == (["pipeline_id"], "pipeline_not_found")
        assert "known: default" in refused.json()["detail"]
    assert await api.read(f"/leads/{lead['id']}") == lead
    assert (await api("POST", f"/leads/{lead['id']}/conversion", {"pipeline_id": "default"})).status_code == 202


async def test_a_pipeline_where_no_deal_is_to_be_made_is_refused(api: Api) -> None:
    """LEAD-11: it would be silently ignored."""
    lead = await api.made("/leads", {"last_name": "Berg"})
    wish = {"targets": ["contact"], "pipeline_id": "default"}
    refused = await api("POST", f"/leads/{lead['id']}/conversion", wish)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("pipeline_id", "no_target")
    assert await api.read(f"/leads/{lead['id']}") == lead


async def test_leads_are_listed_by_equality_newest_first(api: Api) -> None:
    """LEAD-18, CMN-14."""
    mine, origin = f"user-{uuid4()}", str(uuid4())
    first = await api.made("/leads", {"responsible_id": mine, "company_id": f"company-{mine}", "stage_id": "JUNK"})
    second = await api.made("/leads", {"responsible_id": mine, "originator_id": mine, "origin_id": origin})
    assert await api.ids(f"/leads?responsible_id={mine}") == [second["id"], first["id"]]
    assert await api.ids(f"/leads?responsible_id={mine}&stage_id=JUNK") == [first["id"]]
    assert await api.ids(f"/leads?company_id=company-{mine}") == [first["id"]]
    assert await api.ids(f"/leads?originator_id={mine}") == [second["id"]]
    assert await api.ids(f"/leads?originator_id={mine}&origin_id={origin}") == [second["id"]]
    assert await api.ids(f"/leads?originator_id={mine}&origin_id=other") == []
    assert wrong_fields(await api("GET", "/leads?limit=201")) == ["limit"]
    assert wrong_fields(await api("GET", "/leads?cursor=nonsense")) == ["cursor"]


async def test_a_list_is_read_page_by_page_although_new_leads_come_in(api: Api) -> None:
    mine = f"user-{uuid4()}"
    made = [(await api.made("/leads", {"responsible_id": mine}))["id"] for _ in range(5)]
    page = await api.read(f"/leads?responsible_id={mine}&limit=2")
    seen = [item["id"] for item in page["items"]]
    while page["next_cursor"]:
        page = await api.read(f"/leads?responsible_id={mine}&limit=2&cursor={page['next_cursor']}")
        seen += [item["id"] for item in page["items"]]
        await api.made("/leads", {"responsible_id": mine})
    assert seen == made[::-1]


async def test_a_conversion_from_before_there_were_timers_gets_its_timer_at_the_next_start(api: Api) -> None:
    """LEAD-13: so that it asks again, too."""
    leads = api.database.collection("leads")
    made = await api.made("/leads", {"first_name": "Ada"})
    assert (await api("POST", f"/leads/{made['id']}/conversion")).status_code == 202
    without = {"timers": "", "wake_at": "", "wake_shard": "", "conversion.silence_s": ""}
    await leads.update({"_id": made["id"]}, {"$unset": without})
    await leads.ensure([Index([("conversion.asked_at", 1)], partial={"conversion.state": "running"}, name="running")])
    for _ in range(2):
        await set_missing_timers(api.documents(Lead, "leads"), clock=lambda: NOON)
    lead = await api.documents(Lead, "leads").get(made["id"])
    assert lead.conversion.asked_at is not None
    assert lead.wake_at == lead.conversion.asked_at + timedelta(seconds=15)
    assert not await leads.has_index("running")


async def test_a_lead_is_found_by_its_origin_alone_among_all_of_its_system(api: Api) -> None:
    """CMN-14."""
    for number in range(10):
        await api("PUT", f"/leads/external/busy-shop/{number}", {})
    leads = api.database.collection("leads")
    plan = await leads.explain({"originator_id": "busy-shop", "origin_id": "3"})
    assert plan["executionStats"]["totalDocsExamined"] == 1


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
async def test_whoever_creates_or_corrects_a_lead_may_wait_for_its_company(
    api: Api, method: str, *, is_there: bool
) -> None:
    """CLI-07: of a correction that is refused the caller is told as by `PUT .../client`; what is created remains."""
    lead = {"id": str(uuid4()), "title": "New"} if method != "PATCH" else await api.made("/leads")
    path = {"POST": "/leads", "PATCH": f"/leads/{lead['id']}", "PUT": f"/leads/external/shop/{lead['id']}"}[method]
    body = {"company_id": "acme", **({"id": lead["id"]} if method == "POST" else {})}
    call = asyncio.create_task(api(method, path, body, prefer="wait=20"))

    async def is_asked() -> bool:
        nonlocal lead
        where = f"/leads?originator_id=shop&origin_id={lead['id']}" if path.startswith("/leads/external") else None
        if where is not None:
            lead = next(iter((await api.read(where))["items"]), lead)
        found = await api("GET", f"/leads/{lead['id']}")
        return found.status_code == 200 and found.json()["client"]["link_state"] == "pending"

    await eventually(is_asked, "the company is asked for")
    found = ElementContactsResolved(element=ref(lead), link_no=1, company=company_ref(), contacts=(contact_ref(),))
    refusal = ElementCompanyRefused(element=ref(lead), link_no=1, company=company_ref(), code="company_not_found")
    await deliver(api, lead["id"], found if is_there else refusal)
    answer = await call
    client = answer.json()["client"]
    corrected = (200, None) if is_there else (409, "company_not_found")
    assert (answer.status_code, answer.json().get("code")) == (corrected if method == "PATCH" else (201, None))
    assert client["link_state"] == ("done" if is_there else "refused")
    assert [link["contact_id"] for link in client["contacts"]] == (["ada"] if is_there else [])
    assert answer.headers["preference-applied"] == "wait=20"


@pytest.mark.parametrize(
    "given", ["0", "0.0", "86400", "1e3", "2026-02-30", "2026-01-01T00:00:00", "01.02.1990", 0, 1.5]
)
async def test_a_birth_date_is_a_date_in_iso_8601_or_refused(api: Api, given: Any) -> None:
    """LEAD-02."""
    lead, count = await api.made("/leads"), await api.database.collection("leads").count({})
    for method, path in (("POST", "/leads"), ("PATCH", f"/leads/{lead['id']}"), ("PUT", "/leads/external/shop/dated")):
        assert wrong_fields(await api(method, path, {"birth_date": given})) == ["birth_date"]
    assert await api.database.collection("leads").count({}) == count
    assert await api.read(f"/leads/{lead['id']}") == lead


async def test_two_currencies_of_one_lead_are_refused_by_name(api: Api) -> None:
    body = {"currency": "USD", "amount": {"value": "10", "currency": "EUR"}, "is_manual_amount": True}
    for method, path in (("POST", "/leads"), ("PUT", f"/leads/external/shop/{uuid4()}")):
        refused = await api(method, path, body)
        assert (wrong_fields(refused), refused.json()["code"]) == (["currency", "amount.currency"], "currency_mismatch")
    same = await api("POST", "/leads", {**body, "currency": "EUR"})
    assert (same.status_code, same.json()["amount"]["currency"]) == (201, "EUR")


@pytest.mark.parametrize("if_match", ['"1"', "*"])
async def test_a_lead_that_is_not_there_yet_has_no_version_to_match(api: Api, if_match: str) -> None:
    """CMN-14."""
    path = f"/leads/external/shop/{uuid4()}"
    refused = await api("PUT", path, {"title": "First"}, if_match=if_match)
    assert (refused.status_code, refused.json()["code"]) == (412, "version_mismatch")
    assert (await api("PUT", path, {"title": "First"})).status_code == 201
    assert (await api("PUT", path, {"title": "Second"}, if_match=if_match)).status_code == 200


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("WON", "there is no stage WON; there are CONVERTED, IN_PROCESS, JUNK, NEW, PROCESSED"),
        ("PROCESED", "there is no stage PROCESED; did you mean PROCESSED?"),
        ("NEW,JUNK", '{"filter": {"stage_id": {"in": ["NEW", "JUNK"]}}}'),
    ],
)
async def test_a_list_by_a_stage_that_leads_do_not_have_is_refused_with_those_that_they_have(
    api: Api, stage: str, message: str
) -> None:
    """LEAD-01, LEAD-06."""
    refused = await api("GET", f"/leads?stage_id={stage}")
    assert wrong_fields(refused) == ["stage_id"]
    (wrong,) = refused.json()["errors"]
    assert (wrong["code"], message in wrong["message"]) == ("stage_not_in_pipeline", True), wrong
    if "," in stage:
        found = await api("POST", "/leads/query", {"filter": {"stage_id": {"in": stage.split(",")}}})
        assert found.status_code == 200, found.text


async def test_a_filter_that_leads_do_not_have_is_refused_and_not_passed_over(api: Api) -> None:
    refused = await api("GET", "/leads?pipeline_id=default&stage_ids=NEW")
    assert (wrong_fields(refused), refused.json()["code"]) == (["pipeline_id", "stage_ids"], "unknown_parameter")
    assert "stage_id" in refused.json()["errors"][1]["message"]
