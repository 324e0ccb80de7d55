"""New sales elements in request bodies (LEAD-01, DEAL-01)."""

from collections.abc import Mapping
from typing import Any, Final

from crm_contracts.product_rows import ProductRow
from pydantic import Field, StrictBool

from shared.elements.domain.sales_element import SalesElement
from shared.elements.schemas.client_field import ClientIn
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.product_rows import RowIn, Rows
from shared.elements.schemas.scalars import Code, Currency
from shared.elements.usecases.create_element import NewElement
from shared.kit.domain import Invalid, wrong_field

LEFT_OUT: Final = (
    "fields of the request that an existing record does not take, because others may have changed them since: it keeps "
    "its own, which differ. Its own routes change them, such as `PUT .../stage`, `PUT .../client`, `PUT .../rows`"
)


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

    def left_out(self, element: SalesElement) -> list[str]:
        """List the fields given for a new element that an existing one has otherwise, and keeps (CMN-14)."""
        client, rows = element.client, self.rows
        linked = {link.contact_id for link in client.contacts}
        amount = self.amount.value_of() if self.amount else None
        kept = {
            "stage_id": self.stage_id in {None, element.stage_id},
            "company_id": self.company == (client.company.id if client.company else None),
            "contacts": all(link.contact_id in linked for link in self.contacts or ()),
            "rows": len(rows) == len(element.rows) and all(map(_is_of, rows, element.rows)),
            "amount": amount is None or amount == element.amount,
            "currency": self.currency in {None, element.amount.currency},
            "is_manual_amount": self.is_manual_amount in {None, element.is_manual_amount},
        }
        return [name for name, is_kept in kept.items() if name in self.model_fields_set and not is_kept]


def _is_of(given: RowIn, row: ProductRow) -> bool:
    """Whether a row has all that is given of it."""
    return all(value is None or value == getattr(row, name) for name, value in given)
