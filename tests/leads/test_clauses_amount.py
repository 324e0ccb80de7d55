"""Clauses about the amount and the products of a lead that no other test shows, over the API."""

import pytest
from crm_contracts.products import ListPrice, ProductCreated, ProductFields, ProductState, ProductUpdated
from crm_contracts.values import ElementRef

from shared.elements.events.products import product_reactions
from shared.elements.store.products import Products
from tests.builders.causes import ANNA, NOON
from tests.builders.events import an_event, react
from tests.builders.running import Api, wrong_fields
from tests.builders.values import euros


async def test_an_amount_is_kept_with_its_currency(api: Api) -> None:
    """LEAD-18, CMN-11."""
    amount = {"value": "1234.50", "currency": "USD"}
    lead = await api.made("/leads", {"amount": amount})
    assert (lead["amount"], await api.read(f"/leads/{lead['id']}")) == (amount, lead)


async def test_an_amount_is_nothing_unless_it_is_said(api: Api) -> None:
    """ROW-02."""
    lead = await api.made("/leads")
    assert (lead["amount"]["value"], lead["is_manual_amount"], lead["rows"]) == ("0", False, [])


async def test_a_manual_amount_stays_when_rows_change(api: Api) -> None:
    """ROW-02."""
    amount = {"value": "5", "currency": "EUR"}
    rows = [{"name": "Pump", "price": "10"}]
    lead = await api.made("/leads", {"rows": rows, "amount": amount, "is_manual_amount": True})
    changed = await api("PUT", f"/leads/{lead['id']}/rows", {"rows": [*rows, {"name": "Advice", "price": "90"}]})
    assert (changed.json()["amount"], len(changed.json()["rows"])) == (amount, 2)
    assert changed.json()["is_manual_amount"] is True


@pytest.mark.parametrize("change", [{"active": False}, {"name": "Pump II"}, {"prices": (ListPrice(price=euros("9")),)}])
async def test_a_product_that_is_switched_off_or_renamed_stays_where_it_was_sold(
    api: Api, change: dict[str, object]
) -> None:
    """PROD-08, PROD-13: the row keeps its own copy, also when the rows are sent again."""
    id_ = f"pump-{next(iter(change))}"
    audit = {"created_at": NOON, "created_by": ANNA, "updated_at": NOON, "updated_by": ANNA}
    product = ProductState(id=id_, number=1, name="Pump", prices=(ListPrice(price=euros("550")),), **audit)  # type: ignore[arg-type]
    products = product_reactions(Products(api.database.collection("products")))
    await react(products, an_event(ProductCreated(product=product), id_=f"created-{id_}", subject=id_))
    lead = await api.made("/leads", {"rows": [{"product_id": id_}]})
    before = ProductFields.model_validate({name: getattr(product, name) for name in change})
    changed = ProductUpdated(
        product=ElementRef(type="product", id=id_, title="Pump"),
        before=before,
        after=ProductFields.model_validate(change),
    )
    await react(products, an_event(changed, id_=f"changed-{id_}", subject=id_, sequence=2))

    assert await api.read(f"/leads/{lead['id']}") == lead
    (row,) = lead["rows"]
    assert (row["name"], row["price"]) == ("Pump", "550")
    again = await api("PUT", f"/leads/{lead['id']}/rows", {"rows": [{**row, "quantity": "1"}]})
    assert (again.status_code, again.json()["rows"]) == (200, lead["rows"])
    if "active" in change:
        assert wrong_fields(await api("POST", "/leads", {"rows": [{"product_id": id_}]})) == ["rows.0.product_id"]
