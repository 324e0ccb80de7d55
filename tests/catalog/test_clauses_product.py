"""Clauses about products and dictionaries that no other test shows, over the API (docs/requirements/catalog.md)."""

from typing import Any

import pytest

from tests.catalog.running import Api, wrong_fields

DICTIONARIES = ["contact_type", "company_type", "industry", "employees", "salutation"]
EUR = {"value": "550.50", "currency": "EUR"}


async def entered(catalog: Api, name: str, **fields: Any) -> dict[str, Any]:
    """A new product, as it is read from then on."""
    answer = await catalog.call("POST", "/products", {"name": name, **fields})
    assert answer.status_code == 201, answer.text
    return await read(catalog, answer.json()["id"])


async def read(catalog: Api, id_: str) -> dict[str, Any]:
    answer = await catalog.call("GET", f"/products/{id_}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_no_two_products_have_one_number(catalog: Api, name: str) -> None:
    """PROD-05."""
    numbers = [(await entered(catalog, name))["number"] for _ in range(5)]
    assert len(set(numbers)) == 5


async def test_who_changed_a_product_last_and_when_is_told(catalog: Api, name: str) -> None:
    """PROD-06: whichever field changes; who created it stays."""
    bob = catalog.signer.token(sub="bob", roles=["user"])
    changes = (
        {"sort": 7},
        {"active": False},
        {"prices": [{"price": EUR}]},
        {"section_ids": ["pumps"]},
        {"external_id": name},
        {"measure_code": 6},
        {"vat_included": True},
        {"name": "Other"},
    )
    for change in changes:
        product = await entered(catalog, name)
        answer = await catalog.call("PATCH", f"/products/{product['id']}", change, token=bob)
        assert answer.status_code == 200, answer.text
        after = await read(catalog, product["id"])
        assert (after["updated_by"], after["updated_at"] > product["updated_at"]) == ("user:bob", True), change
        assert (after["created_by"], after["created_at"]) == (product["created_by"], product["created_at"])


async def test_a_product_is_in_several_sections_of_which_the_first_is_the_main_one(catalog: Api, name: str) -> None:
    """PROD-04: unless another one is."""
    product = await entered(catalog, name, section_ids=["pumps", "garden"])
    assert (product["section_ids"], product["main_section_id"]) == (["pumps", "garden"], "pumps")
    other = await entered(catalog, name, section_ids=["pumps", "garden"], main_section_id="garden")
    assert (other["section_ids"], other["main_section_id"]) == (["pumps", "garden"], "garden")


async def test_prices_measure_and_vat_are_kept(catalog: Api, name: str) -> None:
    """PROD-11."""
    plain = await entered(catalog, name)
    assert (plain["prices"], plain["measure_code"], plain["vat_included"]) == ([], 796, False)
    prices = [
        {"price_type_id": "base", "price": EUR, "quantity_from": None, "quantity_to": None},
        {
            "price_type_id": "retail",
            "price": {"value": "600", "currency": "USD"},
            "quantity_from": "1",
            "quantity_to": "9",
        },
    ]
    product = await entered(catalog, name, prices=prices, measure_code=6, vat_included=True)
    assert product["prices"] == prices
    assert (product["measure_code"], product["vat_included"]) == (6, True)


@pytest.mark.parametrize("field", ["stage_id", "pipeline_id"])
async def test_a_field_that_products_do_not_have_is_refused(catalog: Api, name: str, field: str) -> None:
    """PIPE-07."""
    assert wrong_fields(await catalog.call("POST", "/products", {"name": name, field: "NEW"})) == {field}


@pytest.mark.parametrize("dictionary", DICTIONARIES)
async def test_every_dictionary_can_be_extended(catalog: Api, name: str, dictionary: str) -> None:
    """CONT-02, DICT-02: and its values be renamed and deleted."""
    admin, values = catalog.signer.token(roles=["admin"]), f"/dictionaries/{dictionary}/values"
    body = {"code": name.upper(), "name": name, "sort": 900}
    added = await catalog.call("POST", values, body, token=admin)
    assert added.status_code == 201, added.text
    renamed = await catalog.call("PATCH", f"{values}/{name.upper()}", {"name": "Other"}, token=admin)
    assert renamed.json()["name"] == "Other"
    shown = (await catalog.call("GET", f"/dictionaries/{dictionary}")).json()["values"][-1]
    assert (shown["code"], shown["name"]) == (name.upper(), "Other")
    assert (await catalog.call("DELETE", f"{values}/{name.upper()}", token=admin)).status_code == 200


async def test_a_value_has_sort_10_by_default(catalog: Api, name: str) -> None:
    """DICT-02."""
    admin, values = catalog.signer.token(roles=["admin"]), "/dictionaries/industry/values"
    added = await catalog.call("POST", values, {"code": name.upper(), "name": name}, token=admin)
    assert (added.status_code, added.json()["sort"]) == (201, 10)
    await catalog.call("DELETE", f"{values}/{name.upper()}", token=admin)
