"""Times and authors of deals that an administrator imports (DEAL-10, CMN-10)."""

from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.deals import DealCreated
from crm_contracts.roles import Right, RoleState

from services.deals.deal.domain.deal import Deal
from tests.builders.granted import SELLER, as_seller, store
from tests.builders.running import Api, wrong_fields

THEN = {
    "created_at": "2024-02-29T23:30:00Z",
    "created_by": "user:bob",
    "updated_at": "2025-01-01T08:00:00Z",
    "updated_by": "service:old-crm",
    "moved_at": "2024-12-24T10:00:00Z",
    "moved_by": "user:eve",
}


async def imported(api: Api, *items: dict[str, Any], role: str = "admin", **body: Any) -> list[dict[str, Any]]:
    """The results of a batch."""
    answer = await api("POST", "/deals/batch", {"items": list(items), **body}, roles=(role,))
    assert answer.status_code in {200, 201, 207}, answer.text
    results: list[dict[str, Any]] = answer.json()["items"]
    return results


async def test_an_administrator_imports_times_and_authors(api: Api) -> None:
    """DEAL-10, CMN-10: of creation, change and move; the days of the deal follow from its creation."""
    (result,) = await imported(api, {"title": "Old", "stage_id": "WON", **THEN})
    deal = await api.read(f"/deals/{result['id']}")
    assert {name: deal[name] for name in THEN} == THEN
    assert deal["closed_at"] == THEN["moved_at"]
    assert (deal["begin_date"], deal["close_date"]) == ("2024-02-29", "2024-03-07")
    created = (await api.documents(Deal, "deals").said(deal["id"]))[0]
    assert isinstance(created, DealCreated)
    assert created.deal.created_by == "user:bob"


async def test_what_is_not_given_is_that_of_the_import(api: Api) -> None:
    """DEAL-10."""
    (result,) = await imported(api, {"created_at": THEN["created_at"]})
    deal = await api.read(f"/deals/{result['id']}")
    assert (deal["created_at"], deal["created_by"]) == (THEN["created_at"], "user:anna")
    assert deal["updated_at"] > deal["created_at"]
    assert (deal["moved_at"], deal["moved_by"]) == (None, None)


async def test_who_is_no_administrator_imports_no_times(api: Api) -> None:
    """DEAL-10: the other items of the batch are taken."""
    refused, taken = await imported(api, {"created_by": "user:bob"}, {"title": "New"}, role="user")
    assert (refused["status"], refused["problem"]["code"]) == (403, "forbidden")
    assert taken["status"] == 201


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"created_at": "2999-01-01T00:00:00Z"}, "created_at"),
        ({"created_at": "2024-01-01"}, "created_at"),
        ({"created_by": "bob"}, "created_by"),
        ({"created_by": "user:"}, "created_by"),
        ({"created_at": THEN["created_at"], "updated_at": "2024-01-01T00:00:00Z"}, "updated_at"),
        ({"created_at": THEN["created_at"], "moved_at": "2024-01-01T00:00:00Z"}, "moved_at"),
    ],
)
async def test_what_is_wrong_with_times_and_authors_is_named(api: Api, given: dict[str, str], wrong: str) -> None:
    """DEAL-10."""
    result, taken = await imported(api, given, {"title": "Right"})
    assert (result["status"], taken["status"]) == (422, 201)
    assert [error["field"].removeprefix("items.0.") for error in result["problem"]["errors"]] == [wrong]


async def test_a_deal_that_is_there_keeps_its_times_and_says_so(api: Api) -> None:
    """DEAL-10, CMN-14."""
    origin = {"originator_id": "old-crm", "origin_id": str(uuid4())}
    (first,) = await imported(api, {**origin, **THEN})
    changes = {**origin, **THEN, "created_by": "user:other", "comments": "again"}
    (again,) = await imported(api, changes, on_existing="correct")
    assert again["id"] == first["id"]
    # It was changed just now, as the second request asked for.
    assert again["left_out"] == ["created_by", "updated_at", "updated_by"]
    deal = await api.read(f"/deals/{first['id']}")
    assert (deal["created_by"], deal["comments"]) == ("user:bob", "again")


async def test_a_single_request_gives_no_times(api: Api) -> None:
    """DEAL-10, CMN-10: neither do corrections, whoever sends them."""
    deal = await api.made("/deals")
    for name, value in THEN.items():
        assert wrong_fields(await api("POST", "/deals", {name: value}, roles=("admin",))) == [name]
        assert wrong_fields(await api("PATCH", f"/deals/{deal['id']}", {name: value}, roles=("admin",))) == [name]


async def test_a_token_with_scopes_gives_no_times_though_its_user_may_modify_settings(api: Api) -> None:
    """PERM-05, PERM-09, DEAL-10."""
    everything = Right(element="deal", levels=dict.fromkeys(("read", "add", "update", "import"), "all"))
    await store(api, RoleState(id=SELLER, rights=(everything,), modify_settings=True))
    body = {"items": [{"title": "Old", "created_by": "user:bob"}]}
    for scope, status in (("deals:write", 403), ("deals:write deals:settings", 201)):
        answer = await as_seller(api.claiming(scope=scope), "POST", "/deals/batch", body)
        assert [each["status"] for each in answer.json()["items"]] == [status], answer.text
