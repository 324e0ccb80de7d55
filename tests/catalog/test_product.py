"""The rule book of a product, without anything around it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from crm_contracts.products import ListPrice, ProductCreated, ProductUpdated
from crm_contracts.values import Money

from services.catalog.product.domain.product import Product
from shared.kit.domain import Invalid

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def entered(**fields: Any) -> Product:
    return Product.create("p1", 7, "default", {"name": "GTX Pro", **fields}, by="user:ann", at=AT)


def stored(**fields: Any) -> Product:
    """A product whose creation has been published long ago."""
    return Product.model_validate(entered(**fields).model_dump())


def corrected(product: Product, **changes: Any) -> ProductUpdated | None:
    product.correct(changes, by="user:bob", at=AT + timedelta(hours=1))
    assert len(product.recorded) <= 1
    event = product.recorded[0] if product.recorded else None
    assert event is None or isinstance(event, ProductUpdated)
    return event


def price(value: str, currency: str = "EUR", **more: Any) -> ListPrice:
    return ListPrice(price=Money(value=Decimal(value), currency=currency), **more)


def wrong_field(error: Invalid) -> str:
    field: str = error.details["errors"][0]["field"]
    return field


def test_a_new_product_says_everything_about_itself() -> None:
    """PROD-01, PROD-05, PROD-06."""
    product = entered(prices=(price("550"),))
    (event,) = product.recorded
    assert isinstance(event, ProductCreated)
    assert event.product == product.state
    assert (event.product.id, event.product.number, event.product.active) == ("p1", 7, True)
    assert event.product.created_by == event.product.updated_by == "user:ann"
    assert event.product.created_at == event.product.updated_at == AT
    assert event.product.base_price == Money(value=Decimal(550), currency="EUR")


def test_a_product_needs_a_name() -> None:
    """PROD-01."""
    with pytest.raises(Invalid) as error:
        entered(name="")
    assert wrong_field(error.value) == "name"


def test_without_a_main_section_the_first_is_it() -> None:
    """PROD-04."""
    product = entered(section_ids=("pumps", "sale"))
    assert product.main_section_id == "pumps"


def test_the_main_section_is_one_of_the_sections() -> None:
    """PROD-04."""
    with pytest.raises(Invalid) as error:
        entered(section_ids=("pumps",), main_section_id="valves")
    assert wrong_field(error.value) == "main_section_id"
    with pytest.raises(Invalid):
        stored(section_ids=("pumps",)).correct({"main_section_id": "valves"}, by="user:bob", at=AT)


@pytest.mark.parametrize(
    ("changes", "main"),
    [
        ({"section_ids": ("sale", "valves")}, "sale"),
        ({"section_ids": ("valves", "pumps")}, "pumps"),
        ({"section_ids": ("valves",), "main_section_id": None}, "valves"),
        ({"section_ids": ()}, None),
    ],
)
def test_the_main_section_follows_the_sections_and_the_event_says_so(changes: Any, main: str | None) -> None:
    """PROD-04: what the event says is what the product has."""
    product = stored(section_ids=("pumps", "sale"))
    event = corrected(product, **changes)
    assert product.main_section_id == main
    assert event is not None
    said = event.after.main_section_id if "main_section_id" in event.after.model_fields_set else "pumps"
    assert said == main


def test_clearing_the_main_section_of_a_product_in_sections_changes_nothing() -> None:
    """PROD-04: the first section is the main one again, and was it before."""
    assert corrected(stored(section_ids=("pumps", "sale")), main_section_id=None) is None


def test_a_product_has_one_base_price() -> None:
    """PROD-11."""
    with pytest.raises(Invalid) as error:
        entered(prices=(price("10"), price("11")))
    assert wrong_field(error.value) == "prices"


def test_other_price_lists_and_quantities_may_have_prices_of_their_own() -> None:
    """PROD-11."""
    tiers = price("9", quantity_from=Decimal(10), quantity_to=Decimal(10))
    product = entered(prices=(price("10"), tiers, price("8", price_type_id="dealer")))
    assert product.base_price == Money(value=Decimal(10), currency="EUR")


def test_the_price_of_few_is_not_the_base_price() -> None:
    """PROD-11: whatever comes first in the list."""
    few = price("12", quantity_to=Decimal(9))
    assert entered(prices=(few, price("10"))).base_price == Money(value=Decimal(10), currency="EUR")
    assert entered(prices=(few,)).base_price == Money(value=Decimal(12), currency="EUR")


@pytest.mark.parametrize("start", [Decimal(10), None])
def test_a_quantity_range_does_not_end_before_it_begins(start: Decimal | None) -> None:
    """PROD-11."""
    with pytest.raises(Invalid) as error:
        entered(prices=(price("10", price_type_id="dealer"), price("9", quantity_from=start, quantity_to=Decimal(-1))))
    assert wrong_field(error.value) == "prices.1.quantity_to"


def test_a_correction_says_what_was_and_what_is_of_the_changed_fields_alone() -> None:
    """PROD-06: who changed it and when is the product's too."""
    product = stored(sort=100)
    event = corrected(product, name="GTX Pro 2", sort=100)
    assert event is not None
    assert event.before.model_fields_set == event.after.model_fields_set == {"name"}
    assert (event.before.name, event.after.name) == ("GTX Pro", "GTX Pro 2")
    assert event.product.title == "GTX Pro 2"
    assert (product.updated_by, product.updated_at) == ("user:bob", AT + timedelta(hours=1))
    assert (product.created_by, product.created_at) == ("user:ann", AT)


def test_what_has_the_value_already_is_no_change() -> None:
    """PROD-06: money of the same amount is the same."""
    product = stored(prices=(price("550"),))
    assert corrected(product, name="GTX Pro", prices=(price("550.00"),)) is None
    assert product.updated_by == "user:ann"


def test_a_refused_correction_says_nothing() -> None:
    """PROD-01."""
    product = stored()
    with pytest.raises(Invalid):
        product.correct({"name": ""}, by="user:bob", at=AT)
    assert product.recorded == ()


def test_a_product_is_switched_off_instead_of_deleted() -> None:
    """PROD-08."""
    event = corrected(stored(), active=False)
    assert event is not None
    assert event.after.active is False
