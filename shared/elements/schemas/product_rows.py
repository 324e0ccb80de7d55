"""Product rows in request bodies (ROW-01, ROW-02)."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from shared.elements.domain.product_rows import NewRow
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.scalars import ElementId, Quantity, Sort, UnitPrice
from shared.kit.web.schemas import Input


class RowIn(Input):
    """A product row (ROW-01); with a product, name and prices come from the catalog unless given."""

    id: ElementId | None = None
    product_id: ElementId | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    quantity: Quantity = Decimal(1)
    list_price: UnitPrice | None = None
    price: UnitPrice | None = None
    sort: Sort | None = None

    def to_domain(self) -> NewRow:
        """Make the value that the rules take."""
        return NewRow(**self.model_dump())


Rows = Annotated[list[RowIn], Field(max_length=500)]


class RowsIn(Input):
    """Product rows and amount to be set; absent rows stay as they are."""

    rows: Rows | None = None
    amount: MoneyIn | None = None
    is_manual_amount: StrictBool | None = None
