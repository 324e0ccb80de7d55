"""Lists of products by filter, order and columns, over the API: the mechanism is the one of deals."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.catalog.running import Api, wrong_fields

PRODUCTS: tuple[dict[str, Any], ...] = (
    {"name": "Pump", "sort": 100, "external_id": "p1"},
    {"name": "apple"},
    {"name": "Zange", "active": False},
    {"name": "Ähre", "section_ids": ["s1", "s2"]},
    {"name": "Apfel", "sort": 100, "vat_rate": "19"},
)


async def enter(catalog: Api, name: str) -> None:
    for product in PRODUCTS:
        answer = await catalog.call("POST", "/products", {"catalog_id": name, **product})
        assert answer.status_code == 201, answer.text


async def found(catalog: Api, name: str, **body: Any) -> list[str]:
    """The names on all pages."""
    names, cursor = list[str](), None
    both = {"catalog_id": name, **body.pop("filter", {})}
    while True:
        answer = await catalog.call("POST", "/products/query", {"filter": both, "limit": 2, **body, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        names += [item["name"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return names


async def test_products_are_listed_by_sort_index_unless_another_order_is_asked_for(catalog: Api, name: str) -> None:
    """PROD-09."""
    await enter(catalog, name)
    in_order = ["Apfel", "Pump", "Zange", "apple", "Ähre"]
    assert await found(catalog, name) == in_order
    assert await found(catalog, name, order=[["sort", "desc"]]) == in_order[::-1]
    by_name = ["Ähre", "Apfel", "apple", "Pump", "Zange"]
    assert await found(catalog, name, order=[["name", "asc"]]) == by_name
    assert await found(catalog, name, order=[["name", "desc"]], limit=1) == by_name[::-1]
    entered = [product["name"] for product in PRODUCTS]
    assert await found(catalog, name, order=[["number", "asc"]]) == entered
    both = {"catalog_id": {"in": [name, "elsewhere"]}}
    assert await found(catalog, name, filter=both, count="capped") == in_order


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"active": True, "sort": {">": 100}}, ["apple", "Ähre"]),
        ({"external_id": "p1"}, ["Pump"]),
        ({"section_ids": "s2"}, ["Ähre"]),
        ({"vat_rate": {">=": "19"}}, ["Apfel"]),
        ({"or": [{"name": {"like": "ä%"}}, {"active": False}]}, ["Zange", "Ähre"]),
    ],
)
async def test_products_are_filtered(catalog: Api, name: str, filter_: Any, expected: list[str]) -> None:
    """PROD-01."""
    await enter(catalog, name)
    assert await found(catalog, name, filter=filter_) == expected


async def test_a_filter_goes_into_the_address_beside_catalog_and_activity(catalog: Api, name: str) -> None:
    """PROD-08, PROD-09."""
    await enter(catalog, name)
    filter_ = json.dumps({"name": {"like": "%a%"}})
    page = await catalog.call(
        "GET", f"/products?{urlencode({'catalog_id': name, 'filter': filter_, 'active': 'true'})}"
    )
    assert [item["name"] for item in page.json()["items"]] == ["Apfel", "apple"]
    assert wrong_fields(await catalog.call("GET", "/products?filter=x")) == {"filter"}
    assert wrong_fields(await catalog.call("POST", "/products/query", {"filter": {"stage_id": "NEW"}})) == {
        "filter.stage_id"
    }
