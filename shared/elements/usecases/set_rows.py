"""Set the product rows of an element, or its amount (ROW-01, ROW-02)."""

from collections.abc import Sequence
from typing import TypeVar

from crm_contracts.values import Money

from shared.elements.domain.product_rows import NewRow, check_currency, make_rows, priced
from shared.elements.domain.traits import HasRows
from shared.elements.usecases.collaborators import KnownProducts
from shared.kit.domain import Cause, NewId
from shared.kit.storage.repository import Records

E = TypeVar("E", bound=HasRows)


async def set_rows(
    id_: str,
    new_rows: Sequence[NewRow] | None,
    cause: Cause,
    *,
    amount: Money | None,
    is_manual_amount: bool | None,
    elements: Records[E],
    products: KnownProducts,
    new_id: NewId,
    expected_version: int | None = None,
) -> E:
    """Replace all rows (None: keep them) and set the amount that follows.

    Raises:
        Invalid: rows that cannot be named or priced, an amount beside rows without its flag, or one in another currency
            than the rows that stay.
    """
    known = await products.facts(new.product_id for new in new_rows or ())

    def change(element: E) -> None:
        currency = amount.currency if amount else element.amount.currency
        rows = element.rows
        if new_rows is None:
            check_currency(rows, element.amount.currency, currency)
        else:
            rows = make_rows(new_rows, known, currency=currency, new_id=new_id, was=element.priced)
        amounts = priced(rows, typed=amount, manual=is_manual_amount, currency=currency, was=element.priced)
        element.set_rows(amounts, by=cause.actor, at=cause.at)

    return await elements.change(id_, change, cause, expected_version=expected_version)
