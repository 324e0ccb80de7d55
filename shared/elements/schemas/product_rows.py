"""Product rows in request bodies (ROW-01, ROW-02)."""

from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from shared.elements.domain.product_rows import NewRow
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.scalars import ElementId, Quantity, Sort, UnitPrice
from shared.kit.web.schemas import Input


class RowIn(Input):
    """A product row (ROW-01).

    With the id of an existing row, what is absent stays as it was agreed. Without an id the row is a new one: name and
    prices of a product come from the catalog, the price without a product is 0, and the quantity is 1.
    """

    id: ElementId | None = None
    product_id: ElementId | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    quantity: Quantity | None = None
    list_price: UnitPrice | None = None
    price: UnitPrice | None = None
    sort: Sort | None = None

    def to_domain(self) -> NewRow:
        """Make the value that the rules take."""
        is_free = self.product_id is None and "product_id" in self.model_fields_set
        return NewRow(**self.model_dump(), without_product=is_free)


Rows = Annotated[list[RowIn], Field(max_length=500)]


class RowsIn(Input):
    """Product rows and amount to be set: `rows` replaces all rows; without `rows` they stay as they are.

    A row that is to stay is sent again, with its id.
    """

    rows: Rows | None = None
    amount: MoneyIn | None = None
    is_manual_amount: StrictBool | None = None
