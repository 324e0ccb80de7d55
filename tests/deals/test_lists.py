"""Lists of deals by GET with a filter, and in every order, over the API (DEAL-01, DEAL-02)."""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from tests.builders.running import Api, wrong_fields

TITLES = ("Zoo", "apple", "Äpfel", "Apple", "banana", "Ä")
AS_PEOPLE_SORT = ["Ä", "Äpfel", "apple", "Apple", "banana", "Zoo"]
# `Ä` beside `A`, so before the longer words; `Äpfel` before `apple` because f comes before p.


async def pages(api: Api, body: Mapping[str, Any], show: str) -> list[Any]:
    """What all pages of a query show."""
    found, cursor = list[Any](), None
    while True:
        answer = await api("POST", "/deals/query", {**body, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        found += [item[show] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


def asked(filter_: Any, **more: Any) -> str:
    return f"/deals?{urlencode({'filter': filter_ if isinstance(filter_, str) else json.dumps(filter_), **more})}"


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_deals_are_listed_by_title_as_people_sort(api: Api, limit: int) -> None:
    """DEAL-02."""
    user = f"user-{uuid4()}"
    for title in TITLES:
        await api.made("/deals", {"title": title, "responsible_id": user})
    body = {"filter": {"responsible_id": user}, "limit": limit}
    assert await pages(api, {**body, "order": [["title", "asc"]]}, "title") == AS_PEOPLE_SORT
    assert await pages(api, {**body, "order": [["title", "desc"]]}, "title") == AS_PEOPLE_SORT[::-1]
    counted = await api("POST", "/deals/query", {**body, "order": [["title", "asc"]], "count": "capped"})
    assert counted.json()["count"] == {"value": len(TITLES), "is_exact": True}
    several = {"or": [{"title": "apple"}, {"title": {"in": ["Ä", "banana"]}}], "stage_id": {"!=": "WON"}}
    query = {**body, "filter": {"and": [body["filter"], several]}, "order": [["title", "asc"]]}
    # What a title equals is told letter by letter, whatever the order.
    assert await pages(api, query, "title") == ["Ä", "apple", "banana"]


@pytest.mark.parametrize("limit", [2, 50])
async def test_deals_are_listed_by_amount_also_where_many_have_the_same(api: Api, limit: int) -> None:
    """DEAL-02."""
    user = f"user-{uuid4()}"
    for value in ("10", "9.50", "100", "0", "0", "0", "0", "0"):
        await api.made("/deals", {"amount": {"value": value, "currency": "EUR"}, "responsible_id": user})
    mine = {"responsible_id": user}
    body = {"filter": mine, "limit": limit, "order": [["amount", "asc"]]}
    rising = [amount["value"] for amount in await pages(api, body, "amount")]
    assert [float(value) for value in rising] == [0, 0, 0, 0, 0, 9.5, 10, 100]
    ids = await pages(api, body, "id")
    assert len(set(ids)) == len(ids) == 8
    assert await pages(api, {**body, "order": [["amount", "desc"]]}, "id") == ids[::-1]
    dear = {**body, "filter": {**mine, "amount": {">": "9.5"}}}
    assert await pages(api, dear, "id") == ids[-2:]


async def test_a_short_filter_goes_into_the_address_beside_equality(api: Api) -> None:
    """DEAL-01: both have to hold."""
    user = f"user-{uuid4()}"
    made = {}
    for title, stage in (("Pumps", "NEW"), ("Pipes", "NEW"), ("Pans", "WON")):
        made[title] = (await api.made("/deals", {"title": title, "stage_id": stage, "responsible_id": user}))["id"]
    like = {"title": {"like": "p%s"}}
    assert await api.ids(asked({**like, "responsible_id": user})) == [made["Pans"], made["Pipes"], made["Pumps"]]
    assert await api.ids(asked(like, responsible_id=user, stage_id="NEW")) == [made["Pipes"], made["Pumps"]]
    assert await api.ids(asked({"or": [{"title": "Pans"}, {"title": "Pumps"}]}, responsible_id=user)) == [
        made["Pans"],
        made["Pumps"],
    ]
    assert await api.ids(asked({}, responsible_id=user, stage_id="WON")) == [made["Pans"]]


async def test_a_cursor_goes_on_with_the_filter_of_its_address(api: Api) -> None:
    """DEAL-01."""
    user = f"user-{uuid4()}"
    made = [(await api.made("/deals", {"responsible_id": user}))["id"] for _ in range(3)]
    first = await api.read(asked({"closed": False}, responsible_id=user, limit=2))
    rest = await api.read(asked({"closed": False}, responsible_id=user, cursor=first["next_cursor"]))
    assert [item["id"] for item in (*first["items"], *rest["items"])] == made[::-1]
    other = await api("GET", asked({"closed": True}, responsible_id=user, cursor=first["next_cursor"]))
    assert (other.status_code, other.json()["code"]) == (422, "cursor_of_another_list")


@pytest.mark.parametrize(
    ("filter_", "wrong"),
    [
        ("", ["filter"]),
        ("x", ["filter"]),
        ("[]", ["filter"]),
        ("[" * 3_000, ["filter"]),
        ('{"stage_id": "NEW", "stage_id": "WON"}', ["filter"]),
        ({"colour": "red", "or": [{"amount": 1.5}]}, ["filter.colour", "filter.or.0.amount"]),
        ({"title": "x" * 4_000}, ["filter"]),
        (r'{"\ud800": 1}', ["filter.?"]),
    ],
)
async def test_what_is_wrong_with_a_filter_of_an_address_is_named(api: Api, filter_: Any, wrong: list[str]) -> None:
    """DEAL-01."""
    assert wrong_fields(await api("GET", asked(filter_))) == wrong


async def test_a_deal_from_before_a_field_counts_as_having_its_default(api: Api) -> None:
    """DEAL-01, DEAL-08."""
    user = f"user-{uuid4()}"
    new = (await api.made("/deals", {"responsible_id": user}))["id"]
    won = (await api.made("/deals", {"responsible_id": user, "stage_id": "WON"}))["id"]
    older = (await api.made("/deals", {"responsible_id": user}))["id"]
    deals = api.database.collection("deals")
    await deals.update({"_id": older}, {"$unset": {"is_new": ""}})
    for filter_, expected in (
        ({"is_new": True}, [new]),
        ({"is_new": False}, [older, won]),
        ({"is_new": {"!=": False}}, [new]),
        ({"not": {"is_new": True}}, [older, won]),
        ({"is_new": {"empty": True}}, []),
    ):
        assert await api.ids(asked(filter_, responsible_id=user)) == expected, filter_


async def test_openapi_says_that_the_filter_of_an_address_is_the_one_of_a_query(api: Api) -> None:
    """DEAL-01."""
    document = (await api.get("/openapi.json")).json()
    parameters = {each["name"]: each for each in document["paths"]["/v1/deals"]["get"]["parameters"]}
    assert parameters["filter"]["description"]
    assert "#/components/schemas/DealFilter" in json.dumps(parameters["filter"])
    assert "DealFilter" in document["components"]["schemas"]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"semantic": "F"}, ["LOSE", "APOLOGY"]),
        ({"system": True, "sort": {">": 10}}, ["WON", "LOSE"]),
        ({"or": [{"id": {"in": ["NEW"]}}, {"name": {"like": "prep%invoice"}}]}, ["NEW", "PREPAYMENT_INVOICE"]),
    ],
)
async def test_stages_are_filtered_as_elements_are(api: Api, filter_: Any, expected: list[str]) -> None:
    """DEAL-07."""
    assert await api.ids(f"/deal-stages?{urlencode({'filter': json.dumps(filter_)})}") == expected
    assert wrong_fields(await api("GET", "/deal-stages?filter=%7B%22colour%22:1%7D")) == ["filter.colour"]


async def test_under_the_order_of_people_a_title_is_still_told_letter_by_letter(api: Api) -> None:
    """DEAL-01: what people sort alike, such as with a soft hyphen, is not the same."""
    title = f"pump {uuid4()}"
    for each in (title, title.replace("-", "-\u00ad"), title.upper()):
        await api.made("/deals", {"title": each})
    query = {"filter": {"title": title}, "order": [["title", "asc"]], "count": "capped"}
    answer = (await api("POST", "/deals/query", query)).json()
    assert ([item["title"] for item in answer["items"]], answer["count"]["value"]) == ([title], 1)


async def test_under_the_order_of_people_many_long_texts_are_looked_for_at_once(api: Api) -> None:
    """DEAL-01: as many and as long as a filter may have."""
    title = f"pump {uuid4()}"
    await api.made("/deals", {"title": title})
    several = {"title": {"in": [title, *(f"{number}{'(.' * 900}" for number in range(199))]}}
    assert await pages(api, {"filter": several, "order": [["title", "asc"]]}, "title") == [title]


@pytest.mark.parametrize("order", ["created_at", "number", "amount", "title"])
async def test_a_cursor_tells_nothing_of_the_record_where_a_page_ends(api: Api, order: str) -> None:
    """DEAL-02, PERM-03: a page may end at one that its caller may not read; the length is the same, whatever it has."""
    user, cursors = f"user-{uuid4()}", list[bytes]()
    longest = "\N{PILE OF POO}" * 255
    deals = [
        await api.made("/deals", {"title": title, "amount": amount, "responsible_id": user})
        for title, amount in (("pump", None), (longest, {"value": "12345678901.25", "currency": "EUR"}), ("x", None))
    ]
    body = {"limit": 1, "filter": {"responsible_id": user}, "order": [[order, "asc"]]}
    for _ in deals[1:]:
        page = (await api("POST", "/deals/query", body)).json()
        cursors.append(b64decode(page["next_cursor"] + "==", "-_"))
        body["cursor"] = page["next_cursor"]
    assert len(set(map(len, cursors))) == 1
    assert not [deal["id"] for deal in deals for cursor in cursors if deal["id"].encode() in cursor]


@pytest.mark.parametrize("order", ["created_at", "number", "amount", "title"])
async def test_a_cursor_that_no_list_gave_is_refused(api: Api, order: str) -> None:
    """DEAL-02: nobody but the list can make one, not even of its own place."""
    for _ in range(2):
        await api.made("/deals", {"title": "pump"})
    body = {"limit": 1, "order": [[order, "asc"]]}
    cursor = (await api("POST", "/deals/query", body)).json()["next_cursor"]
    for made_up in ("x", cursor[:-8], f"{'A' * 8}{cursor[8:]}", cursor.swapcase()):
        assert wrong_fields(await api("POST", "/deals/query", {**body, "cursor": made_up})) == ["cursor"]
