"""New sales elements in request bodies (LEAD-01, DEAL-01)."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, StrictBool

from shared.elements.schemas.client_field import ClientIn
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.product_rows import Rows
from shared.elements.schemas.scalars import Code, Currency
from shared.elements.usecases.create_element import NewElement
from shared.kit.domain import Invalid, wrong_field


class CurrencyMismatch(Invalid):
    """Two currencies were given for one element."""

    code = "currency_mismatch"

    def __init__(self, given: Mapping[str, str]) -> None:
        message = f"one element has one currency, not {' and '.join(given.values())}"
        errors = [wrong_field(field, self.code, message) for field in given]
        super().__init__("The currencies differ.", {"errors": errors})


class NewElementIn(ClientIn):
    """What a new sales element may have besides the fields of its type."""

    stage_id: Code | None = None
    rows: Rows = Field(default=[])
    amount: MoneyIn | None = None
    currency: Currency | None = None
    is_manual_amount: StrictBool | None = None

    def new_element(self, fields: dict[str, Any], origin: tuple[str, str] | None) -> NewElement:
        """Make the value that the use cases take.

        Raises:
            CurrencyMismatch: `amount` has another currency than `currency`.
        """
        if self.currency and self.amount and self.amount.currency != self.currency:
            raise CurrencyMismatch({"currency": self.currency, "amount.currency": self.amount.currency})
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
