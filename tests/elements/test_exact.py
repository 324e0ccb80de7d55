"""Numbers and days come exactly, or not at all."""

from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ValidationError

from shared.elements.schemas.strict_types import StrictDate, StrictDecimal, StrictInt


class Order(BaseModel):
    price: Annotated[Decimal, StrictDecimal(whole=3, places=2)] = Decimal(0)
    quantity: Annotated[Decimal, StrictDecimal(whole=3, places=2, positive=True)] = Decimal(1)
    rate: Annotated[Decimal, StrictDecimal(whole=3, places=2, most=100)] = Decimal(0)
    sort: StrictInt = 0
    day: StrictDate | None = None


@pytest.mark.parametrize(
    ("field", "given", "taken"),
    [
        ("price", "12.50", Decimal("12.50")),
        ("price", 12, Decimal(12)),
        ("price", "0", Decimal(0)),
        ("price", "999.99", Decimal("999.99")),
        ("quantity", "0.01", Decimal("0.01")),
        ("rate", "100", Decimal(100)),
        ("rate", "99.99", Decimal("99.99")),
        ("sort", 3.0, 3),
    ],
)
def test_what_is_exact_is_taken(field: str, given: Any, taken: object) -> None:
    assert getattr(Order.model_validate({field: given}), field) == taken


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("price", 12.5),
        ("price", True),
        ("price", "1e2"),
        ("price", "-1"),
        ("price", "1000"),
        ("price", 1000),
        ("price", "1.234"),
        ("price", "NaN"),
        ("price", "\N{ARABIC-INDIC DIGIT ONE}"),
        ("price", "1\n"),
        ("quantity", "0.00"),
        ("quantity", 0),
        ("rate", "100.01"),
        ("rate", 101),
        ("sort", True),
        ("sort", 3.5),
        ("sort", "3"),
        ("day", 0),
    ],
)
def test_what_is_not_is_refused_by_name(field: str, given: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Order.model_validate({field: given})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_the_schema_says_what_is_taken() -> None:
    shape = Order.model_json_schema()["properties"]["quantity"]["anyOf"]
    assert shape == [
        {"type": "string", "pattern": r"^(?![0.]*$)[0-9]{1,3}(\.[0-9]{1,2})?$"},
        {"type": "integer", "minimum": 1, "maximum": 999},
    ]
