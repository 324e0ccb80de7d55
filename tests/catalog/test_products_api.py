"""Products over HTTP, on the real MongoDB."""

import asyncio
import base64
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from crm_contracts.products import ProductCreated, ProductUpdated
from uuid_utils.compat import uuid7

from tests.catalog.running import Api, wrong_fields
from tests.kit.tokens import Signer

STRANGE = (
    "null",
    "[1]",
    '["a", "b", "c"]',
    '["1e999", "", ""]',
    "[1e999, 1, 1]",
    f"[{2**70}, 1, 1]",
    r'[1, "\ud800", "x"]',
)
PRICE = {"price": {"value": "550.50", "currency": "EUR"}}


def encoded(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


async def entered(catalog: Api, name: str, **fields: Any) -> dict[str, Any]:
    answer = await catalog.call("POST", "/products", {"name": name, **fields})
    assert answer.status_code == 201, answer.text
    product: dict[str, Any] = answer.json()
    return product


async def listed(catalog: Api, catalog_id: str, **more: Any) -> list[str]:
    """The names on all pages."""
    names: list[str] = []
    query = {"catalog_id": catalog_id, **more}
    while True:
        answer = await catalog.call("GET", f"/products?{urlencode(query)}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        names += [product["name"] for product in page["items"]]
        if page["next_cursor"] is None:
            return names
        query["cursor"] = page["next_cursor"]


async def test_a_product_is_entered_and_read(catalog: Api, name: str) -> None:
    """PROD-01, PROD-05, PROD-06, PROD-08, PROD-11."""
    answer = await catalog.call("POST", "/products", {"name": f" {name} ", "prices": [PRICE]})
    assert answer.status_code == 201, answer.text
    product = answer.json()
    assert answer.headers["location"] == f"/v1/products/{product['id']}"
    assert answer.headers["etag"] == '"1"'
    assert (product["name"], product["active"], product["sort"]) == (name, True, 500)
    assert product["prices"][0]["price"] == {"value": "550.50", "currency": "EUR"}
    assert product["created_by"] == product["updated_by"] == "user:ann"
    assert product["number"] > 0

    read = await catalog.call("GET", f"/products/{product['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, product, '"1"')
    (event,) = await catalog.pending("products", product["id"])
    assert isinstance(event.data, ProductCreated)
    assert event.data.product.model_dump(mode="json") == {k: v for k, v in product.items() if k != "version"}


async def test_the_id_may_be_chosen_in_advance(catalog: Api, name: str) -> None:
    """PROD-05."""
    chosen = str(uuid7())
    assert (await entered(catalog, name, id=chosen))["id"] == chosen
    again = await catalog.call("POST", "/products", {"name": name, "id": chosen})
    assert (again.status_code, again.json()["code"]) == (409, "id_taken")
    assert wrong_fields(await catalog.call("POST", "/products", {"name": name, "id": "mine"})) == {"id"}


async def test_a_product_without_a_name_is_refused(catalog: Api) -> None:
    """PROD-01."""
    assert wrong_fields(await catalog.call("POST", "/products", {})) == {"name"}
    assert wrong_fields(await catalog.call("POST", "/products", {"name": "  "})) == {"name"}
    assert wrong_fields(await catalog.call("POST", "/products", {"name": "x" * 256})) == {"name"}
    assert wrong_fields(await catalog.call("POST", "/products", {"name": None})) == {"name"}


async def test_every_wrong_field_is_named(catalog: Api, name: str) -> None:
    """PROD-11."""
    prices = [
        {"price": {"value": "-1", "currency": "EUR"}},
        {"price": {"value": "1.00001", "currency": "eur"}},
        {"price": {"value": "NaN", "currency": "EUR"}, "vat": 19},
    ]
    body = {"name": name, "prices": prices, "vat_rate": 101, "sort": "first", "colour": "red", "section_ids": [""]}
    assert wrong_fields(await catalog.call("POST", "/products", body)) == {
        "prices.0.price.value",
        "prices.1.price.value",
        "prices.1.price.currency",
        "prices.2.price.value",
        "prices.2.vat",
        "vat_rate",
        "sort",
        "colour",
        "section_ids.0",
    }


async def test_the_rules_of_a_product_name_the_field_too(catalog: Api, name: str) -> None:
    """PROD-04, PROD-11."""
    outside = {"name": name, "section_ids": ["pumps"], "main_section_id": "valves"}
    assert wrong_fields(await catalog.call("POST", "/products", outside)) == {"main_section_id"}
    assert wrong_fields(await catalog.call("POST", "/products", {"name": name, "prices": [PRICE, PRICE]})) == {"prices"}
    backwards = {**PRICE, "quantity_from": 5, "quantity_to": 4}
    answer = await catalog.call("POST", "/products", {"name": name, "prices": [backwards]})
    assert wrong_fields(answer) == {"prices.0.quantity_to"}


async def test_no_request_passes_without_a_valid_token(catalog: Api, name: str) -> None:
    """AUTH: reading and writing alike."""
    stranger = Signer(catalog.signer.jwks_file.with_name("stranger.json"))
    tokens = [
        None,
        catalog.signer.token(exp=1_700_000_000),
        stranger.token(),
        catalog.signer.unsigned(),
        catalog.signer.signed_with_the_public_key(),
        catalog.signer.token(aud="elsewhere"),
    ]
    for token in tokens:
        for method, path, body in [
            ("GET", "/products", None),
            ("GET", "/products/p1", None),
            ("GET", "/products/by-external-id/e1", None),
            ("POST", "/products", {"name": name}),
            ("PATCH", "/products/p1", {"name": name}),
            ("PUT", f"/products/external/{name}", {"name": name}),
        ]:
            answer = await catalog.call(method, path, body, token=token)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (method, path)
    assert (await catalog.call("GET", f"/products/by-external-id/{name}")).status_code == 404


async def test_a_reader_writes_nothing(catalog: Api, name: str) -> None:
    """AUTH: a scope for another service does not help."""
    for token in (catalog.signer.token(roles=["reader"]), catalog.signer.token(roles=[], scope="deals:write")):
        for method, path in [("POST", "/products"), ("PATCH", "/products/p1"), ("PUT", f"/products/external/{name}")]:
            answer = await catalog.call(method, path, {"name": name}, token=token)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await catalog.call("GET", "/products", token=catalog.signer.token(roles=["reader"]))).status_code == 200
    assert (await catalog.call("GET", "/products", token=catalog.signer.token(roles=[]))).status_code == 403


async def test_a_request_repeated_with_its_key_makes_one_product(catalog: Api, name: str) -> None:
    """The second answer is the first."""
    body = {"name": name, "catalog_id": name}
    first, second = [await catalog.call("POST", "/products", body, idempotency_key=name) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert await listed(catalog, name) == [name]
    for other in ({**body, "sort": 1}, dict(reversed(body.items()))):
        refused = await catalog.call("POST", "/products", other, idempotency_key=name)
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")


async def test_an_external_id_belongs_to_one_product_of_a_catalog(catalog: Api, name: str) -> None:
    """PROD-10: other catalogs have their own; without one there is nothing to collide."""
    first = await entered(catalog, name, external_id=name)
    await entered(catalog, name, external_id=name, catalog_id=name)
    second = await entered(catalog, name)
    await entered(catalog, name)
    taken = await catalog.call("POST", "/products", {"name": name, "external_id": name})
    assert (taken.status_code, taken.json()["code"]) == (409, "external_id_taken")
    assert taken.json()["existing_id"] == first["id"]
    taken = await catalog.call("PATCH", f"/products/{second['id']}", {"external_id": name})
    assert (taken.status_code, taken.json()["code"]) == (409, "external_id_taken")
    assert taken.json()["existing_id"] == first["id"]
    assert (await catalog.call("PATCH", f"/products/{first['id']}", {"external_id": None})).status_code == 200
    freed = await catalog.call("PATCH", f"/products/{second['id']}", {"external_id": name})
    assert (freed.status_code, freed.json()["external_id"]) == (200, name)


async def test_an_integration_finds_a_product_by_its_external_id(catalog: Api, name: str) -> None:
    """PROD-10: whatever characters the other system uses."""
    external_id = f"A/12 {name} ü"
    quoted = quote(external_id, safe="")
    product = await entered(catalog, name, external_id=external_id)
    found = await catalog.call("GET", f"/products/by-external-id/{quoted}")
    assert (found.status_code, found.json()) == (200, product)
    page = (await catalog.call("GET", f"/products?external_id={quoted}")).json()
    assert page == {"items": [product], "next_cursor": None, "total": None}
    off = (await catalog.call("GET", f"/products?external_id={quoted}&active=false")).json()
    assert off["items"] == []
    missing = await catalog.call("GET", f"/products/by-external-id/{quoted}?catalog_id=other")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_a_product_taken_over_again_and_again_is_one(catalog: Api, name: str) -> None:
    """PROD-10: created, then unchanged, then corrected; unchanged writes nothing."""
    path, body = f"/products/external/{name}", {"name": name, "prices": [PRICE]}
    created = await catalog.call("PUT", path, body)
    assert (created.status_code, created.json()["external_id"], created.headers["etag"]) == (201, name, '"1"')
    again = await catalog.call("PUT", path, {**body, "external_id": name})
    assert (again.status_code, again.json()) == (200, created.json())
    changed = await catalog.call("PUT", path, {"name": name, "sort": 10})
    assert (changed.status_code, changed.json()["sort"], changed.json()["version"]) == (200, 10, 2)
    assert changed.json()["prices"] == created.json()["prices"], "what is absent stays"
    events = await catalog.pending("products", created.json()["id"])
    assert [type(event.data) for event in events] == [ProductCreated, ProductUpdated]


async def test_products_taken_over_at_the_same_moment_are_one(catalog: Api, name: str) -> None:
    """PROD-10: one is created, the others find it."""
    path = f"/products/external/{name}"
    answers = await asyncio.gather(*(catalog.call("PUT", path, {"name": name}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_an_external_id_that_was_given_up_can_be_taken_over_anew(catalog: Api, name: str) -> None:
    """PROD-10: the id that follows from it is used up, so the new product gets another."""
    path = f"/products/external/{name}"
    old = (await catalog.call("PUT", path, {"name": "old"})).json()
    assert (await catalog.call("PATCH", f"/products/{old['id']}", {"external_id": f"{name}-2"})).status_code == 200
    answers = await asyncio.gather(*(catalog.call("PUT", path, {"name": "new"}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    (new,) = {answer.json()["id"] for answer in answers}
    assert new != old["id"]


async def test_an_old_copy_of_an_integration_s_product_is_refused(catalog: Api, name: str) -> None:
    """PROD-10."""
    path = f"/products/external/{name}"
    await catalog.call("PUT", path, {"name": "first"})
    assert (await catalog.call("PUT", path, {"name": "second"}, if_match='"1"')).status_code == 200
    stale = await catalog.call("PUT", path, {"name": "third"}, if_match='"1"')
    assert (stale.status_code, stale.json().get("code")) == (412, "version_mismatch")


async def test_path_and_body_name_the_same_external_id(catalog: Api, name: str) -> None:
    """PROD-10."""
    answer = await catalog.call("PUT", f"/products/external/{name}", {"name": name, "external_id": "other"})
    assert wrong_fields(answer) == {"external_id"}
    assert wrong_fields(await catalog.call("PUT", f"/products/external/{name}", {})) == {"name"}


async def test_a_correction_of_an_old_copy_is_refused(catalog: Api, name: str) -> None:
    """PROD-06: and one that changes nothing writes nothing."""
    product = await entered(catalog, name)
    path = f"/products/{product['id']}"
    changed = await catalog.call("PATCH", path, {"sort": 7}, if_match='"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    late = await catalog.call("PATCH", path, {"sort": 8}, if_match='"1"')
    assert (late.status_code, late.json()["code"]) == (412, "version_mismatch")
    same = await catalog.call("PATCH", path, {"sort": 7}, if_match='"2"')
    assert (same.status_code, same.headers["etag"]) == (200, '"2"')
    assert len(await catalog.pending("products", product["id"])) == 2
    assert (await catalog.call("PATCH", "/products/none", {"sort": 7})).status_code == 404


@pytest.mark.parametrize("field", ["id", "number", "catalog_id", "created_at", "updated_by"])
async def test_what_the_system_gives_cannot_be_changed(catalog: Api, name: str, field: str) -> None:
    """PROD-05, PROD-06, PROD-07."""
    product = await entered(catalog, name)
    assert wrong_fields(await catalog.call("PATCH", f"/products/{product['id']}", {field: "x"})) == {field}


async def test_products_switched_off_are_listed_apart(catalog: Api, name: str) -> None:
    """PROD-08."""
    off = await entered(catalog, "off", catalog_id=name, active=False)
    await entered(catalog, "on", catalog_id=name)
    assert await listed(catalog, name, active="true") == ["on"]
    assert await listed(catalog, name, active="false") == ["off"]
    assert (await catalog.call("GET", f"/products/{off['id']}")).json()["active"] is False


async def test_products_are_listed_by_sort_index_then_name_then_id(catalog: Api, name: str) -> None:
    """PROD-09."""
    for product, sort in [("b", 500), ("a", 500), ("z", 10), ("a", 500), ("m", 1000)]:
        await entered(catalog, product, sort=sort, catalog_id=name)
    assert await listed(catalog, name) == await listed(catalog, name, limit=1) == ["z", "a", "a", "b", "m"]


async def test_a_page_is_stable_while_products_come_in(catalog: Api, name: str) -> None:
    """PROD-09: nothing is shown twice or left out."""
    for product in "bdfh":
        await entered(catalog, product, catalog_id=name)
    first = (await catalog.call("GET", f"/products?catalog_id={name}&limit=2")).json()
    for product in "ae":
        await entered(catalog, product, catalog_id=name)
    rest = await catalog.call("GET", f"/products?catalog_id={name}&cursor={first['next_cursor']}")
    assert [product["name"] for product in first["items"]] == ["b", "d"]
    assert [product["name"] for product in rest.json()["items"]] == ["e", "f", "h"]
    assert rest.json()["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "!!!!", "é", *map(encoded, STRANGE)])
async def test_a_cursor_of_something_else_is_refused(catalog: Api, cursor: str) -> None:
    """PROD-09."""
    assert wrong_fields(await catalog.call("GET", f"/products?cursor={cursor}")) == {"cursor"}
