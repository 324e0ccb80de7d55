"""Prices, units of measure and VAT of products over HTTP, on the real MongoDB (PROD-11)."""

from typing import Any

import pytest

from tests.catalog.running import Api, wrong_fields


def entry(value: str = "10", price_type_id: str = "base", currency: str = "EUR", **more: Any) -> dict[str, Any]:
    return {"price": {"value": value, "currency": currency}, "price_type_id": price_type_id, **more}


async def entered(catalog: Api, name: str, **fields: Any) -> Any:
    return await catalog.call("POST", "/products", {"name": name, **fields})


async def vat_rate(catalog: Api, name: str, rate: str) -> str:
    """A VAT rate of this test alone."""
    token, body = catalog.signer.token(roles=["admin"]), {"code": name.upper(), "name": "Full", "rate": rate}
    answer = await catalog.call("POST", "/dictionaries/vat/values", body, token=token)
    assert answer.status_code == 201, answer.text
    assert answer.json()["rate"] == rate
    return name.upper()


@pytest.mark.parametrize(
    ("prices", "wrong"),
    [
        ([entry("8", "dealer")], {"prices": "base_price_missing"}),
        ([entry(), entry("11")], {"prices": "several_base_prices"}),
        ([entry(), entry("11", currency="USD")], {"prices": "several_base_prices"}),
        ([entry(), entry("8", "dealer"), entry("7", "dealer")], {"prices.2": "overlapping_prices"}),
        (
            [entry(quantity_from=1, quantity_to=10), entry(quantity_from=10, quantity_to=20)],
            {"prices.1": "overlapping_prices"},
        ),
        ([entry(), entry(quantity_from=5), entry(quantity_from=9)], {"prices.2": "overlapping_prices"}),
        ([entry(), entry(quantity_to=5), entry(quantity_from="0.5")], {"prices.2": "overlapping_prices"}),
        ([entry(), entry(quantity_from=5, quantity_to=4)], {"prices.1.quantity_to": "empty_range"}),
    ],
)
async def test_prices_that_do_not_fit_together_are_named(
    catalog: Api, name: str, prices: list[dict[str, Any]], wrong: dict[str, str]
) -> None:
    """PROD-11."""
    answer = await entered(catalog, name, prices=prices)
    assert wrong_fields(answer) == wrong.keys()
    assert {each["field"]: each["code"] for each in answer.json()["errors"]} == wrong
    product = (await entered(catalog, name)).json()
    assert wrong_fields(await catalog.call("PATCH", f"/products/{product['id']}", {"prices": prices})) == wrong.keys()


@pytest.mark.parametrize(
    "prices",
    [
        [],
        [entry(), entry("8", "dealer")],
        [entry(), entry("9", quantity_from=10, quantity_to=19), entry("8", quantity_from=20)],
        [entry(quantity_to=9), entry("9", quantity_from=10)],
        [entry(), entry("9", quantity_from=10), entry("8", "dealer", quantity_from=5)],
    ],
)
async def test_prices_that_fit_together_are_kept(catalog: Api, name: str, prices: list[dict[str, Any]]) -> None:
    """PROD-11."""
    answer = await entered(catalog, name, prices=prices)
    assert answer.status_code == 201, answer.text
    assert [each["price"] for each in answer.json()["prices"]] == [each["price"] for each in prices]


async def test_prices_of_before_the_rules_hinder_no_other_correction(catalog: Api, name: str) -> None:
    """PROD-11, PROD-06."""
    product = (await entered(catalog, name, prices=[entry()])).json()
    earlier = {"$set": {"prices": [entry("8", "dealer")]}, "$inc": {"version": 1}}  # as another process wrote it
    await catalog.database.collection("products").update({"_id": product["id"]}, earlier)
    answer = await catalog.call("PATCH", f"/products/{product['id']}", {"sort": 7})
    assert (answer.status_code, answer.json()["sort"]) == (200, 7)
    assert [each["price_type_id"] for each in answer.json()["prices"]] == ["dealer"]


async def test_a_price_is_in_a_currency_that_exists(catalog: Api, name: str) -> None:
    """CURR-01, PROD-11."""
    answer = await entered(catalog, name, prices=[entry(currency="ZZZ")])
    assert wrong_fields(answer) == {"prices.0.price.currency"}


async def test_a_product_is_measured_in_pieces_or_in_a_unit_of_the_dictionary(catalog: Api, name: str) -> None:
    """PROD-11, DICT-01."""
    assert (await entered(catalog, name)).json()["measure_code"] == 796
    assert (await entered(catalog, name, measure_code=112)).json()["measure_code"] == 112
    answer = await entered(catalog, name, measure_code=4711)
    assert (wrong_fields(answer), answer.json()["code"]) == ({"measure_code"}, "unknown_value")
    path = f"/products/external/{name}"
    assert wrong_fields(await catalog.call("PUT", path, {"name": name, "measure_code": 4711})) == {"measure_code"}


async def test_a_unit_that_was_deleted_stays_with_the_products_that_have_it(catalog: Api, name: str) -> None:
    """DICT-02, PROD-11."""
    token = catalog.signer.token(roles=["admin"])
    await catalog.call("POST", "/dictionaries/measure/values", {"code": "55", "name": "Square metre"}, token=token)
    product = (await entered(catalog, name, measure_code=55)).json()
    await catalog.call("DELETE", "/dictionaries/measure/values/55", token=token)
    kept = await catalog.call("PATCH", f"/products/{product['id']}", {"measure_code": 55, "sort": 7})
    assert (kept.status_code, kept.json()["measure_code"]) == (200, 55)
    assert wrong_fields(await entered(catalog, name, measure_code=55)) == {"measure_code"}


async def test_a_product_has_the_percentage_of_its_vat_rate(catalog: Api, name: str) -> None:
    """PROD-11."""
    full, reduced = await vat_rate(catalog, f"{name}f", "19"), await vat_rate(catalog, f"{name}r", "7")
    product = (await entered(catalog, name, vat_id=full)).json()
    path = f"/products/{product['id']}"
    assert (product["vat_id"], product["vat_rate"], product["vat_included"]) == (full, "19", False)
    changed = (await catalog.call("PATCH", path, {"vat_id": reduced, "vat_included": True})).json()
    assert (changed["vat_rate"], changed["vat_included"]) == ("7", True)
    assert wrong_fields(await catalog.call("PATCH", path, {"vat_rate": "19"})) == {"vat_rate"}
    assert wrong_fields(await entered(catalog, name, vat_id=full, vat_rate="7")) == {"vat_rate"}
    unknown = await catalog.call("PATCH", path, {"vat_id": "ELSEWHERE"})
    assert (wrong_fields(unknown), unknown.json()["code"]) == ({"vat_id"}, "unknown_value")
    assert (await catalog.call("PATCH", path, {"vat_id": None})).json()["vat_rate"] is None
    assert (await catalog.call("PATCH", path, {"vat_rate": "5"})).json()["vat_rate"] == "5"


async def test_a_vat_rate_that_was_deleted_stays_with_the_products_that_have_it(catalog: Api, name: str) -> None:
    """DICT-02, PROD-11."""
    full = await vat_rate(catalog, name, "19")
    product = (await entered(catalog, name, vat_id=full)).json()
    token = catalog.signer.token(roles=["admin"])
    await catalog.call("DELETE", f"/dictionaries/vat/values/{full}", token=token)
    kept = (await catalog.call("PATCH", f"/products/{product['id']}", {"vat_id": full, "sort": 7})).json()
    assert (kept["vat_id"], kept["vat_rate"], kept["sort"]) == (full, "19", 7)


async def test_a_vat_rate_has_a_percentage_and_nothing_else_has_one(catalog: Api, name: str) -> None:
    """PROD-11."""
    token, value = catalog.signer.token(roles=["admin"]), {"code": name.upper(), "name": "Full"}
    for dictionary, more in (("vat", {}), ("vat", {"rate": "101"}), ("vat", {"rate": "-1"}), ("source", {"rate": "7"})):
        path = f"/dictionaries/{dictionary}/values"
        assert wrong_fields(await catalog.call("POST", path, {**value, **more}, token=token)) == {"rate"}
    await vat_rate(catalog, name, "19")
    path = f"/dictionaries/vat/values/{name.upper()}"
    assert wrong_fields(await catalog.call("PATCH", path, {"rate": "20"}, token=token)) == {"rate"}


async def test_a_product_that_is_not_active_is_not_available(catalog: Api, name: str) -> None:
    """PROD-08."""
    product = (await entered(catalog, name)).json()
    assert product["available"] is True
    path = f"/products/{product['id']}"
    assert (await catalog.call("PATCH", path, {"active": False})).json()["available"] is False
    assert wrong_fields(await catalog.call("PATCH", path, {"available": True})) == {"available"}
    (created, *_) = await catalog.pending("products", product["id"])
    assert created.data.model_dump(mode="json")["product"]["available"] is True


async def test_the_sources_are_in_their_order(catalog: Api) -> None:
    """DICT-03."""
    answer = await catalog.call("GET", "/dictionaries/source")
    assert [value["code"] for value in answer.json()["values"]] == [
        *("CALL", "EMAIL", "WEB", "ADVERTISING", "PARTNER", "RECOMMENDATION", "TRADE_SHOW", "WEBFORM", "CALLBACK"),
        *("RC_GENERATOR", "STORE", "OTHER"),
    ]


async def test_everything_that_is_wrong_with_a_product_is_named_at_once(catalog: Api, name: str) -> None:
    """PROD-01, PROD-04, PROD-11, DICT-01: of a new one and of one that is there, which stays as it is."""
    wrong = {
        "measure_code": 4711,
        "vat_id": "NOPE",
        "main_section_id": "s1",
        "section_ids": [],
        "prices": [entry(price_type_id="retail")],
    }
    expected = {"measure_code", "vat_id", "main_section_id", "prices"}
    assert wrong_fields(await entered(catalog, name, **wrong)) == expected
    made = (await entered(catalog, name)).json()
    path = f"/products/{made['id']}"
    assert wrong_fields(await catalog.call("PATCH", path, wrong)) == expected
    assert (await catalog.call("GET", path)).json() == made
