"""Lists of deals by filter, order and columns, over the API (DEAL-01, DEAL-02)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from shared.elements.store.filtered_lists import BUDGET, LOOKED_AT
from tests.builders.running import Api, wrong_fields

PATH = "/deals/query"


async def asked(api: Api, body: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    answer = await api("POST", PATH, body, **more)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


class Shop:
    """Deals of one user, by the names that the tests have for them."""

    def __init__(self, api: Api, user: str, ids: Mapping[str, str]) -> None:
        self.api, self.user, self.ids = api, user, ids
        self._names = {id_: name for name, id_ in ids.items()}

    async def found(self, filter_: Any, **more: Any) -> list[str]:
        """The names of the user's deals that pass the filter, the oldest first."""
        both = {"and": [{"responsible_id": self.user}, filter_]}
        page = await asked(self.api, {"filter": both, "order": [["created_at", "asc"]], **more})
        assert page["next_cursor"] is None
        return [self._names[item["id"]] for item in page["items"]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(api: Api) -> Shop:
    user = f"user-{uuid4()}"
    deals: dict[str, dict[str, Any]] = {
        "pumps": {
            "title": "Pumps for ACME",
            "amount": {"value": "5000", "currency": "EUR"},
            "begin_date": "2026-01-01",
            "observers": ["eve", "bob"],
            "company_id": "acme",
            "comments": "50% off",
        },
        "pipes": {
            "title": "Pipes",
            "amount": {"value": "19999.99", "currency": "USD"},
            "begin_date": "2026-02-01",
            "stage_id": "EXECUTING",
            "observers": ["eve"],
            "source_id": None,
            "open_to_all": False,
        },
        "test": {"title": "A test", "stage_id": "WON", "contacts": [{"contact_id": "ada"}], "comments": "50 off"},
    }
    ids = {name: (await api.made("/deals", {"responsible_id": user, **body}))["id"] for name, body in deals.items()}
    return Shop(api, user, ids)


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"stage_id": "NEW"}, ["pumps"]),
        ({"stage_id": {"=": "WON"}}, ["test"]),
        ({"stage_id": {"!=": "NEW"}}, ["pipes", "test"]),
        ({"amount": {">": "5000"}}, ["pipes"]),
        ({"amount": {">=": "5000"}}, ["pumps", "pipes"]),
        ({"amount": {"<": "5000.00"}}, ["test"]),
        ({"amount": {"<=": 5000}}, ["pumps", "test"]),
        ({"amount": {">=": "5000", "<": "19999.99"}}, ["pumps"]),
        ({"stage_id": {"in": ["NEW", "WON"]}}, ["pumps", "test"]),
        ({"stage_id": {"not in": ["NEW", "WON"]}}, ["pipes"]),
        ({"title": {"like": "p%"}}, ["pumps", "pipes"]),
        ({"title": {"like": "%acme"}}, ["pumps"]),
        ({"title": {"not like": "%TEST%"}}, ["pumps", "pipes"]),
        ({"comments": {"like": r"50\% off"}}, ["pumps"]),
        ({"comments": {"like": "50% off"}}, ["pumps", "test"]),
        ({"comments": {"empty": True}}, ["pipes"]),
        ({"comments": {"empty": False}}, ["pumps", "test"]),
        ({"source_id": {"empty": True}}, ["pipes"]),
        ({"observers": "bob"}, ["pumps"]),
        ({"observers": {"!=": "bob"}}, ["pipes", "test"]),
        ({"observers": {"empty": True}}, ["test"]),
        ({"open_to_all": False}, ["pipes"]),
        ({"closed": True}, ["test"]),
        ({"begin_date": {">=": "2026-01-01", "<": "2026-02-01"}}, ["pumps"]),
        ({"begin_date": {">=": {"days": -1}}}, ["test"]),
        ({"created_at": {">": {"hours": -1}}}, ["pumps", "pipes", "test"]),
        ({"created_at": {">": {"days": 1}}}, []),
        ({"currency": "USD"}, ["pipes"]),
        ({"company_id": "acme"}, ["pumps"]),
        ({"contact_id": {"in": ["ada", "bob"]}}, ["test"]),
    ],
)
async def test_deals_are_filtered_by_every_operator(shop: Shop, filter_: Any, expected: list[str]) -> None:
    """DEAL-01, DEAL-02."""
    assert await shop.found(filter_) == expected


async def test_conditions_are_nested_by_and_or_and_not(shop: Shop) -> None:
    """DEAL-01."""
    either = {"or": [{"stage_id": "WON"}, {"amount": {">=": "5000"}, "currency": "EUR"}]}
    assert await shop.found(either) == ["pumps", "test"]
    assert await shop.found({"not": either}) == ["pipes"]
    assert await shop.found({"and": [either, {"not": {"title": {"like": "%test%"}}}]}) == ["pumps"]
    assert await shop.found({"stage_id": "NEW", "currency": "USD"}) == []


async def test_deals_are_found_by_their_ids(shop: Shop) -> None:
    """DEAL-01."""
    ids = {"id": {"in": [shop.ids["test"], shop.ids["pumps"], "nobody"]}}
    assert await shop.found(ids) == ["pumps", "test"]


async def test_the_list_has_the_order_that_was_asked_for(shop: Shop, api: Api) -> None:
    """DEAL-02."""
    for field in ("created_at", "number"):
        for direction, expected in (("asc", [*shop.ids.values()]), ("desc", [*shop.ids.values()][::-1])):
            body = {"filter": {"responsible_id": shop.user}, "order": [[field, direction]]}
            assert [item["id"] for item in (await asked(api, body))["items"]] == expected
    newest = await asked(api, {"filter": {"responsible_id": shop.user}})
    assert [item["id"] for item in newest["items"]] == [*shop.ids.values()][::-1]


async def test_the_list_shows_the_columns_that_were_asked_for(shop: Shop, api: Api) -> None:
    """DEAL-02."""
    mine = {"filter": {"responsible_id": shop.user, "stage_id": "NEW"}}
    (whole,) = (await asked(api, mine))["items"]
    assert whole == await api.read(f"/deals/{shop.ids['pumps']}")
    (some,) = (await asked(api, {**mine, "select": ["id", "title", "amount"]}))["items"]
    assert some == {name: whole[name] for name in ("id", "title", "amount")}
    fifty = await asked(api, {"select": ["id", "title", "stage_id", "amount"], "limit": 50})
    assert len(str(fifty["items"])) < 10_000


async def test_a_list_of_deals_is_counted_where_that_was_asked_for(shop: Shop, api: Api) -> None:
    """DEAL-02."""
    mine = {"filter": {"responsible_id": shop.user}}
    assert (await asked(api, mine))["count"] is None
    counted = await asked(api, {**mine, "limit": 1, "count": "capped"})
    assert (len(counted["items"]), counted["count"]) == (1, {"value": 3, "is_exact": True})
    either = {"or": [{"stage_id": "WON"}, {"amount": {">": 0}}, {"title": {"like": "%"}}], "responsible_id": shop.user}
    assert (await asked(api, {"filter": either, "count": "capped"}))["count"] == {"value": 3, "is_exact": True}


WRONG: dict[str, tuple[Any, list[str]]] = {
    "an unknown field": ({"filter": {"nonsense": 1}}, ["filter.nonsense"]),
    "an operator of MongoDB": ({"filter": {"$where": "1"}}, ["filter.$where"]),
    "an operator of MongoDB as one of ours": ({"filter": {"title": {"$ne": ""}}}, ["filter.title.$ne"]),
    "a path": ({"filter": {"amount.value": "1"}}, ["filter.amount.value"]),
    "a wrong type": ({"filter": {"and": [{"amount": "much"}]}}, ["filter.and.0.amount"]),
    "a number with a fraction": ({"filter": {"amount": 1.5}}, ["filter.amount"]),
    "NUL": ({"filter": {"title": "a\x00"}}, ["filter.title"]),
    "nothing": ({"filter": {"title": None}}, ["filter.title"]),
    "several wrong": ({"filter": {"x": 1, "closed": "no"}, "select": ["y"]}, ["filter.x", "filter.closed", "select.0"]),
    "too many alternatives": ({"filter": {"or": [{"number": {">": n}} for n in range(9)]}}, ["filter"]),
    "no object": ({"filter": [1]}, ["filter"]),
    "an order without index": ({"order": [["updated_at", "asc"]]}, ["order.0.0"]),
    "an order that does not exist": ({"order": [["nonsense", "up"]]}, ["order.0.1", "order.0.0"]),
    "two orders": ({"order": [["number", "asc"], ["created_at", "asc"]]}, ["order"]),
    "half an order": ({"order": [["number"]]}, ["order.0"]),
    "an unknown column": ({"select": ["id", "outbox"]}, ["select.1"]),
    "no column": ({"select": []}, ["select"]),
    "no record": ({"limit": 0}, ["limit"]),
    "too many records": ({"limit": 201}, ["limit"]),
    "a limit as a text": ({"limit": "5"}, ["limit"]),
    "another count": ({"count": "exact"}, ["count"]),
    "no cursor": ({"cursor": "nonsense"}, ["cursor"]),
    "an unknown field of the body": ({"filters": {}}, ["filters"]),
}


@pytest.mark.parametrize("body", WRONG)
async def test_what_a_list_is_not_asked_for_in_is_named(api: Api, body: str) -> None:
    """DEAL-01."""
    sent, wrong = WRONG[body]
    assert wrong_fields(await api("POST", PATH, sent)) == wrong


async def test_hostile_json_is_refused(api: Api) -> None:
    """DEAL-01."""
    deep = '{"filter": ' + '{"and": [' * 200 + "{}" + "]}" * 200 + "}"
    for text in (deep, '{"filter": {"amount": 1e400}}', '{"filter": {"number": 1e400}}', r'{"filter": {"\ud800": 1}}'):
        headers = {"content-type": "application/json"}
        token = f"Bearer {api._signer.token(sub='anna', roles=['user'])}"
        answer = await api._http.post(f"/v1{PATH}", content=text, headers={**headers, "authorization": token})
        assert len(wrong_fields(answer)) == 1
    assert wrong_fields(await api("POST", f"{PATH}?limit=1", {})) == ["limit"]


async def test_nobody_queries_without_the_permission(api: Api) -> None:
    """DEAL-01."""
    assert (await api("POST", PATH, {}, roles=None)).status_code == 401
    assert (await api("POST", PATH, {}, roles=[])).status_code == 403
    assert (await api("POST", PATH, {}, roles=["reader"])).status_code == 200


async def test_a_cursor_goes_on_with_its_own_list_and_no_other(shop: Shop, api: Api) -> None:
    """DEAL-01, DEAL-02."""
    body = {"filter": {"responsible_id": shop.user, "created_at": {">": {"days": -1}}}, "limit": 2}
    first = await asked(api, body)
    assert first["complete"] is True
    rest = await asked(api, {**body, "cursor": first["next_cursor"], "select": ["id"], "limit": 1})
    assert [item["id"] for item in (*first["items"], *rest["items"])] == [*shop.ids.values()][::-1]
    assert rest["next_cursor"] is None
    others: list[dict[str, Any]] = [{"filter": {}}, {"order": [["number", "desc"]]}, {"order": [["created_at", "asc"]]}]
    for other in others:
        refused = await api("POST", PATH, {**body, **other, "cursor": first["next_cursor"]})
        assert (refused.status_code, refused.json()["code"]) == (422, "cursor_of_another_list")
        assert wrong_fields(refused) == ["cursor"]
    token = f"Bearer {api._signer.token(sub='ben', roles=['user'])}"
    ben = await api._http.post(
        f"/v1{PATH}", json={**body, "cursor": first["next_cursor"]}, headers={"authorization": token}
    )
    assert ben.json()["code"] == "cursor_of_another_list"


async def test_whoever_goes_on_reads_everything_however_rare_it_is(api: Api) -> None:
    """DEAL-01: pages that the budget cut short say so, and the next one goes on."""
    user, number = f"user-{uuid4()}", 12_000
    deal = await api.made("/deals", {"responsible_id": user, "title": "Hay"})
    deals = api.database.collection("deals")
    document = await deals.get(deal["id"])
    assert document is not None
    straw = [
        {
            **document,
            "_id": f"{user}-{place:05}",
            "number": 10**7 + place,
            "title": "Needle" if place in {1, number - 1} else "Hay",
            "created_at": document["created_at"] + timedelta(milliseconds=place + 1),
            "outbox": [],
        }
        for place in range(number)
    ]
    for one in straw:
        one.pop("due", None)
    assert await deals.insert_missing(straw) == number
    body = {"filter": {"responsible_id": user, "title": {"like": "needle"}}, "count": "capped"}
    page = await asked(api, body)
    assert page["count"] == {"value": 2, "is_exact": True}
    assert ([item["id"] for item in page["items"]], page["complete"]) == ([straw[-1]["_id"]], False)
    found, looks = list[str](), 1
    while page["next_cursor"]:
        assert not page["complete"]
        page = await asked(api, {**body, "cursor": page["next_cursor"]})
        found, looks = [*found, *(item["id"] for item in page["items"])], looks + 1
    assert (found, page["complete"]) == ([straw[1]["_id"]], True)
    assert looks <= 2 * number // (BUDGET // LOOKED_AT)
    hay = await asked(api, {"filter": {"responsible_id": user}, "count": "capped"})
    assert (hay["count"], len(hay["items"])) == ({"value": 10_000, "is_exact": False}, 50)
