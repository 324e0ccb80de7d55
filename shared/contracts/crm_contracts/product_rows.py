"""Product rows of an element and their amount (ROW-01, ROW-02)."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from crm_contracts.field_spec import FieldSpec
from crm_contracts.values import Exact, Fields, Money, Value


class ProductRow(Value):
    """What a client wants to buy; the currency is the element's (ROW-01)."""

    id: str = Field(examples=["0199f2a4-0000-7000-8000-00000000aaaa"])
    product_id: str | None = Field(default=None, description="null for a free row")
    name: str = Field(examples=["Pump"])
    quantity: Exact = Field(default=Decimal(1), examples=["1"])
    list_price: Exact = Field(default=Decimal(0), examples=["550"], description="unit price of the catalog")
    price: Exact = Field(default=Decimal(0), examples=["495.00"], description="final unit price")
    sort: int = 10


_ROWS: Final = FieldSpec(
    is_requirable=True, parts={"product_id": FieldSpec(kind="element", path="product_id")}, title="Products"
)


_AMOUNT: Final = FieldSpec(is_requirable=True, is_orderable=True, parts={"currency": FieldSpec(path="currency")})


class Priced(Fields):
    """Product rows and what they add up to (ROW-02)."""

    rows: Annotated[tuple[ProductRow, ...], _ROWS] = ()
    amount: Annotated[Money, _AMOUNT]
    is_manual_amount: bool = Field(default=False, description="the amount was typed in, not summed from the rows")
