"""Clauses of requirements about deals that no other test shows, over the API (docs/requirements/deals.md)."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.deals import DealAmountChanged, DealClosed, DealLost, DealWon
from crm_contracts.envelope import Event
from crm_contracts.products import ListPrice, ProductCreated, ProductState

from services.deals.deal.domain.deal import Deal
from shared.elements.events.products import product_reactions
from shared.elements.store.products import Products
from tests.builders.causes import ANNA, NOON
from tests.builders.events import an_event, react
from tests.builders.running import Api, wrong_fields
from tests.builders.values import euros

SEMANTICS = {
    "NEW": "P",
    "PREPARATION": "P",
    "PREPAYMENT_INVOICE": "P",
    "EXECUTING": "P",
    "FINAL_INVOICE": "P",
    "WON": "S",
    "LOSE": "F",
    "APOLOGY": "F",
}
UTM = {"source": "letter", "medium": "CPC", "campaign": "spring", "content": "blue", "term": "pumps"}


async def changed(api: Api, deal: dict[str, Any], method: str, path: str, body: Any) -> dict[str, Any]:
    """The deal after a change that succeeds."""
    answer = await api(method, f"/deals/{deal['id']}{path}", body)
    assert answer.status_code in {200, 202}, answer.text
    found: dict[str, Any] = await api.read(f"/deals/{deal['id']}")
    return found


async def test_a_page_has_fifty_deals(api: Api) -> None:
    """DEAL-01."""
    mine = f"user-{uuid4()}"
    made = [(await api.made("/deals", {"responsible_id": mine}))["id"] for _ in range(51)]
    page = await api.read(f"/deals?responsible_id={mine}")
    assert [item["id"] for item in page["items"]] == made[:0:-1]
    rest = await api.read(f"/deals?responsible_id={mine}&cursor={page['next_cursor']}")
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == (made[:1], None)


async def test_a_stage_of_another_pipeline_has_a_code(api: Api) -> None:
    """DEAL-06."""
    deal = await api.made("/deals")
    refused = await api("PUT", f"/deals/{deal['id']}/stage", {"stage_id": "JUNK"})
    assert (wrong_fields(refused), refused.json()["code"]) == (["stage_id"], "stage_not_in_pipeline")
    assert await api.read(f"/deals/{deal['id']}") == deal


async def test_the_default_stages_have_their_semantics(api: Api) -> None:
    """DEAL-07: in their order."""
    stages = (await api.read("/deal-stages"))["items"]
    assert [(stage["id"], stage["semantic"]) for stage in stages] == list(SEMANTICS.items())


@pytest.mark.parametrize("stage", ["WON", "LOSE", "APOLOGY"])
async def test_a_deal_that_is_won_or_lost_says_when_and_who_moved_it(api: Api, stage: str) -> None:
    """DEAL-08."""
    ended = await changed(api, await api.made("/deals"), "PUT", "/stage", {"stage_id": stage})
    assert (ended["closed"], ended["stage_semantic"], ended["moved_by"]) == (True, SEMANTICS[stage], "user:anna")
    assert ended["closed_at"] == ended["moved_at"] > ended["created_at"]
    for name in ("moved_at", "moved_by", "closed_at"):
        assert wrong_fields(await api("PATCH", f"/deals/{ended['id']}", {name: ended[name]})) == [name]


@pytest.mark.parametrize(
    "chosen",
    [
        {"requisite_id": "r1"},
        {"mc_requisite_id": "m1"},
        {"requisite_id": "r1", "bank_detail_id": "b1"},
        {"requisite_id": "r1", "mc_requisite_id": "m1", "mc_bank_detail_id": "n1"},
    ],
)
async def test_each_part_of_a_choice_may_be_left_out(api: Api, chosen: dict[str, str]) -> None:
    """REQ-05."""
    deal = await changed(api, await api.made("/deals"), "PUT", "/requisites", chosen)
    nothing = dict.fromkeys(("requisite_id", "bank_detail_id", "mc_requisite_id", "mc_bank_detail_id"))
    assert {name: deal["requisite_link"][name] for name in nothing} == {**nothing, **chosen}
    assert deal["requisite_link"]["state"] == "pending"


async def test_a_new_deal_begins_today_and_closes_in_seven_days(api: Api) -> None:
    """DEAL-11, DEAL-12."""
    deal = await api.made("/deals")
    created = datetime.fromisoformat(deal["created_at"]).astimezone(UTC).date()
    assert date.fromisoformat(deal["begin_date"]) == created
    assert date.fromisoformat(deal["close_date"]) == created + timedelta(days=7)


async def test_the_dates_of_a_deal_can_be_changed(api: Api) -> None:
    """DEAL-11, DEAL-12."""
    dates = {"begin_date": "2026-01-01", "close_date": "2026-03-01"}
    deal = await changed(api, await api.made("/deals"), "PATCH", "", dates)
    assert {name: deal[name] for name in dates} == dates


async def test_a_title_that_is_too_long_is_refused(api: Api) -> None:
    """DEAL-21."""
    assert wrong_fields(await api("POST", "/deals", {"title": "x" * 256})) == ["title"]
    assert (await api.made("/deals", {"title": "x" * 255}))["title"] == "x" * 255


@pytest.mark.parametrize("name", ["source", "medium", "campaign", "content", "term"])
async def test_the_five_utm_parameters_are_kept(api: Api, name: str) -> None:
    """CMN-07."""
    deal = await api.made("/deals", {"utm": UTM})
    assert deal["utm"][name] == UTM[name]
    alone = await changed(api, deal, "PATCH", "", {"utm": {name: "other"}})
    assert alone["utm"] == {**dict.fromkeys(UTM), name: "other"}
    assert wrong_fields(await api("POST", "/deals", {"utm": {name: "x" * 256}})) == [f"utm.{name}"]


async def test_a_new_deal_is_open_to_all(api: Api) -> None:
    """CMN-09."""
    assert (await api.made("/deals"))["open_to_all"] is True


async def test_an_amount_is_kept_with_its_currency(api: Api) -> None:
    """CMN-11."""
    amount = {"value": "1234.50", "currency": "USD"}
    deal = await api.made("/deals", {"amount": amount})
    assert (deal["amount"], await api.read(f"/deals/{deal['id']}")) == (amount, deal)


async def test_what_happens_to_a_deal_is_told(api: Api) -> None:
    """DEAL-22: each fact once, in its order."""
    deal = await api.made("/deals")
    await changed(api, deal, "PATCH", "", {"comments": "called"})
    await changed(api, deal, "PUT", "/stage", {"stage_id": "WON"})
    await changed(api, deal, "PUT", "/client", {"contacts": [{"contact_id": "ada"}]})
    await changed(api, deal, "PUT", "/rows", {"rows": [{"name": "Advice", "price": "10"}]})
    await api("DELETE", f"/deals/{deal['id']}")
    assert [event.ce_type for event in await api.documents(Deal, "deals").said(deal["id"])] == [
        "crm.deal.created.v1",
        "crm.deal.updated.v1",
        "crm.deal.stage_changed.v1",
        "crm.deal.won.v1",
        "crm.deal.client_changed.v1",
        "crm.deal.product_rows_changed.v1",
        "crm.deal.amount_changed.v1",
        "crm.deal.deleted.v1",
    ]


async def told(api: Api, id_: str, *kinds: type[Event]) -> list[Event]:
    """The events of these kinds about a deal."""
    return [event for event in await api.documents(Deal, "deals").said(id_) if isinstance(event, kinds)]


async def test_a_deal_is_won_or_lost_once_for_each_time_that_it_is_closed_so(api: Api) -> None:
    """DEAL-22: a move between two stages of failure loses nothing more; opened again, it can be lost once more."""
    deal = await api.made("/deals", {"rows": [{"name": "Advice", "price": "10"}], "responsible_id": "ben"})
    for stage in ("LOSE", "APOLOGY", "APOLOGY", "NEW", "LOSE", "WON"):
        await changed(api, deal, "PUT", "/stage", {"stage_id": stage})
    closings = await told(api, deal["id"], DealWon, DealLost)
    assert [(type(each), each.stage_id) for each in closings if isinstance(each, DealClosed)] == [
        (DealLost, "LOSE"),
        (DealLost, "LOSE"),
        (DealWon, "WON"),
    ]
    (*_, won) = closings
    assert isinstance(won, DealWon)
    assert (won.amount, won.responsible_id, won.pipeline_id) == (euros("10"), "ben", "default")


async def test_a_deal_that_is_created_as_won_is_won(api: Api) -> None:
    """DEAL-22: such as one of another system."""
    deal = await api.made("/deals", {"stage_id": "WON"})
    assert [event.ce_type for event in await told(api, deal["id"], DealClosed)] == ["crm.deal.won.v1"]


async def test_the_amount_of_a_deal_changed_only_where_it_is_another_one(api: Api) -> None:
    """DEAL-22."""
    deal = await api.made("/deals", {"rows": [{"name": "Advice", "price": "10"}]})
    await changed(api, deal, "PUT", "/rows", {"rows": [{"name": "Help", "price": "10"}]})
    assert await told(api, deal["id"], DealAmountChanged) == []
    await changed(api, deal, "PUT", "/rows", {"rows": [{"name": "Help", "price": "12"}]})
    (event,) = await told(api, deal["id"], DealAmountChanged)
    assert isinstance(event, DealAmountChanged)
    assert (event.before, event.after) == (euros("10"), euros("12"))


async def test_a_product_that_was_switched_off_is_not_sold(api: Api) -> None:
    """PROD-08: a deal does not sell it, as a lead does not."""
    audit = {"created_at": NOON, "created_by": ANNA, "updated_at": NOON, "updated_by": ANNA}
    prices = (ListPrice(price=euros("550")),)
    product = ProductState(id="old", number=1, name="Pump", active=False, prices=prices, **audit)  # type: ignore[arg-type]
    products = product_reactions(Products(api.database.collection("products")))
    await react(products, an_event(ProductCreated(product=product), subject="old"))
    deal = await api.made("/deals")
    rows = {"rows": [{"product_id": "old"}]}
    for method, path in (("POST", "/deals"), ("PUT", f"/deals/{deal['id']}/rows")):
        assert wrong_fields(await api(method, path, rows)) == ["rows.0.product_id"]


async def test_a_row_is_one_piece_by_default_and_keeps_its_place(api: Api) -> None:
    """ROW-01."""
    rows = [{"name": "Pump", "price": "10"}, {"name": "Advice", "price": "5", "quantity": "2", "sort": 5}]
    deal = await api.made("/deals", {"rows": rows})
    assert {row["name"]: (row["quantity"], row["sort"]) for row in deal["rows"]} == {
        "Pump": ("1", 10),
        "Advice": ("2", 5),
    }
    for quantity in ("0", "-1"):
        refused = await api("POST", "/deals", {"rows": [{"name": "Pump", "quantity": quantity}]})
        assert wrong_fields(refused) == ["rows.0.quantity"]


async def test_rows_that_are_set_replace_all_rows(api: Api) -> None:
    """ROW-01."""
    deal = await api.made("/deals", {"rows": [{"name": "Pump", "price": "10"}, {"name": "Pipe", "price": "1"}]})
    after = await changed(api, deal, "PUT", "/rows", {"rows": [{"name": "Advice", "price": "5"}]})
    assert [(row["name"], row["price"]) for row in after["rows"]] == [("Advice", "5")]
    assert not {row["id"] for row in after["rows"]} & {row["id"] for row in deal["rows"]}
    assert after["amount"] == {"value": "5.00", "currency": "EUR"}


async def test_any_stage_can_follow_any_other(api: Api) -> None:
    """DEAL-06: there is no forced order."""
    deal = await api.made("/deals")
    for start, end in permutations(SEMANTICS, 2):
        for stage in (start, end):
            moved = await changed(api, deal, "PUT", "/stage", {"stage_id": stage})
            assert (moved["stage_id"], moved["stage_semantic"]) == (stage, SEMANTICS[stage])


async def test_a_close_date_before_the_begin_date_is_taken(api: Api) -> None:
    """DEAL-12: section 4.3 calls it a warning, not an error."""
    dates = {"begin_date": "2026-03-01", "close_date": "2026-01-01"}
    deal = await api.made("/deals", dates)
    assert {name: deal[name] for name in dates} == dates
