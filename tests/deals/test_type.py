"""DEAL-09: a deal is a sale or a service, by a dictionary."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from services.catalog.dictionary.domain.seeds import SEEDS
from tests.builders.running import Api, wrong_fields


def origin() -> str:
    return f"/deals/external/shop/{uuid4()}"


async def test_a_deal_is_a_sale_unless_it_is_given(api: Api) -> None:
    assert list(SEEDS["deal_type"].names) == ["SALE", "SERVICE"]
    assert (await api.made("/deals"))["type_id"] == "SALE"
    assert (await api("PUT", origin(), {})).json()["type_id"] == "SALE"


async def test_the_type_of_a_deal_is_kept_and_corrected(api: Api) -> None:
    deal = await api.made("/deals", {"type_id": "SERVICE"})
    path = f"/deals/{deal['id']}"
    assert (await api.read(path))["type_id"] == "SERVICE"
    assert (await api("PATCH", path, {"comments": "call him"})).json()["type_id"] == "SERVICE"
    assert (await api("PATCH", path, {"type_id": "SALE"})).json()["type_id"] == "SALE"


async def test_deals_are_listed_by_their_type(api: Api) -> None:
    mine = f"user-{uuid4()}"
    _, service = [await api.made("/deals", {"type_id": each, "responsible_id": mine}) for each in ("SALE", "SERVICE")]
    found = await api("POST", "/deals/query", {"filter": {"responsible_id": mine, "type_id": "SERVICE"}})
    assert [item["id"] for item in found.json()["items"]] == [service["id"]]


@pytest.mark.parametrize("wrong", ["GOODS", "sale", "", 1, ["SALE"]], ids=str)
async def test_any_other_type_is_refused_and_nothing_changes(api: Api, wrong: Any) -> None:
    deal = await api.made("/deals", {"type_id": "SERVICE"})
    for method, path in (("POST", "/deals"), ("PATCH", f"/deals/{deal['id']}"), ("PUT", origin())):
        assert wrong_fields(await api(method, path, {"title": "Pumps", "type_id": wrong})) == ["type_id"]
    assert await api.read(f"/deals/{deal['id']}") == deal


ORDER: Mapping[str, Any] = {"source_id": "STORE", "originator_id": "shop"}


async def test_an_order_of_the_online_store_is_named_by_its_number(api: Api) -> None:
    """DEAL-21: also where its title is emptied later; a title that is given stays."""
    number = str(uuid4())
    deal = await api.made("/deals", {**ORDER, "origin_id": number})
    assert deal["title"] == f"Online store order #{number}"
    path = f"/deals/{deal['id']}"
    assert (await api("PATCH", path, {"title": "Pumps"})).json()["title"] == "Pumps"
    assert (await api("PATCH", path, {"title": ""})).json()["title"] == f"Online store order #{number}"
    assert (await api.made("/deals", {**ORDER, "origin_id": str(uuid4()), "title": "Pumps"}))["title"] == "Pumps"


async def test_what_is_no_order_of_the_online_store_is_named_by_its_own_number(api: Api) -> None:
    """DEAL-21."""
    by_call = await api.made("/deals", {"source_id": "CALL", "originator_id": "shop", "origin_id": str(uuid4())})
    without_order = await api.made("/deals", {"source_id": "STORE"})
    for deal in (by_call, without_order):
        assert deal["title"] == f"Deal #{deal['number']}"


async def test_the_title_of_an_order_has_room_for_any_number(api: Api) -> None:
    """DEAL-21."""
    deal = await api.made("/deals", {**ORDER, "origin_id": str(uuid4()) + "9" * 219})
    assert len(deal["title"]) == 255
