"""New sales elements in request bodies (LEAD-01, DEAL-01)."""

from typing import Any

from pydantic import Field, StrictBool

from shared.elements.schemas.client_field import ClientIn
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.product_rows import Rows
from shared.elements.schemas.scalars import Code, Currency
from shared.elements.usecases.create_element import NewElement


class NewElementIn(ClientIn):
    """What a new sales element may have besides the fields of its type."""

    stage_id: Code | None = None
    rows: Rows = Field(default=[])
    amount: MoneyIn | None = None
    currency: Currency | None = None
    is_manual_amount: StrictBool | None = None

    def new_element(self, fields: dict[str, Any], origin: tuple[str, str] | None) -> NewElement:
        """Make the value that the use cases take."""
        return NewElement(
            fields=fields,
            stage_id=self.stage_id,
            company_id=self.company,
            contacts=[link.to_domain() for link in self.contacts or ()],
            auto_link_contacts=self.auto_link_contacts is not False,
            rows=[row.to_domain() for row in self.rows],
            amount=self.amount.value_of() if self.amount else None,
            currency=self.currency,
            is_manual_amount=self.is_manual_amount,
            origin=origin,
        )
