"""Many products by one request (ADR 0048); what a batch is in general is tested with leads."""

from typing import Any
from uuid import uuid4

from tests.catalog.running import Api, wrong_fields


async def sent(catalog: Api, *items: Any, on_existing: str = "refuse") -> list[dict[str, Any]]:
    answer = await catalog.call("POST", "/products/batch", {"items": list(items), "on_existing": on_existing})
    assert answer.status_code == 207, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_each_product_of_a_batch_has_its_result(catalog: Api) -> None:
    """PROD-01, PROD-10: dictionaries are read once, and each product is checked by them."""
    external = str(uuid4())
    items = [
        {"name": "Pump", "external_id": external, "vat_id": "unknown"},
        {"name": "Pump", "external_id": external, "sort": 7},
        {"external_id": str(uuid4())},
        {"name": "Pipe", "catalog_id": "other", "external_id": external, "measure_code": 796},
    ]
    found = await sent(catalog, *items)
    codes = [item["problem"]["code"] if item["outcome"] == "refused" else item["status"] for item in found]
    assert codes == ["unknown_value", "repeated_item", "invalid", 201]
    (made,) = await sent(catalog, items[1])
    assert (await catalog.call("GET", f"/products/{made['id']}")).json()["sort"] == 7
    (taken,) = await sent(catalog, items[1])
    assert taken["problem"]["code"] == "external_id_taken"


async def test_products_of_known_external_ids_are_corrected_where_that_is_wished(catalog: Api) -> None:
    """PROD-10, PROD-06."""
    external, chosen = str(uuid4()), str(uuid4())
    pump = {"name": "Pump", "external_id": external, "id": chosen}
    assert [item["id"] for item in await sent(catalog, pump, on_existing="correct")] == [chosen]
    again = {"name": "Large pump", "external_id": external}
    found = await sent(
        catalog, again, {"name": "Without"}, {"name": "x", "id": chosen, "external_id": "y"}, on_existing="correct"
    )
    assert [(item["status"], item["outcome"]) for item in found] == [
        (200, "corrected"),
        (201, "created"),
        (409, "refused"),
    ]
    assert found[2]["problem"]["code"] == "id_taken"
    assert (await sent(catalog, again, on_existing="correct"))[0]["outcome"] == "unchanged"


async def test_a_batch_of_none_and_one_of_a_reader_are_refused(catalog: Api) -> None:
    """PROD-01."""
    assert wrong_fields(await catalog.call("POST", "/products/batch", {"items": []})) == {"items"}
    reader = catalog.signer.token(roles=["reader"])
    answer = await catalog.call("POST", "/products/batch", {"items": [{"name": "x"}]}, token=reader)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
