"""The products of a deal, or its amount, are set (ROW-01, ROW-02)."""

from collections.abc import Callable, Sequence

from crm_contracts.values import Money

from services.deals.domain.deal import Deal
from shared.elements.domain.product_rows import NewRow, make_rows, priced
from shared.elements.store.products import Products
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def set_deal_rows(
    id_: str,
    wishes: Sequence[NewRow] | None,
    cause: Cause,
    *,
    amount: Money | None,
    is_manual_amount: bool | None,
    deals: Repository[Deal],
    products: Products,
    new_id: Callable[[], str],
    expected_version: int | None = None,
) -> Deal:
    """Replace all rows (None: leave them) and set the amount that follows.

    Raises:
        Invalid: rows that cannot be named or priced, or an amount beside rows without its flag.
    """
    known = await products.facts(wish.product_id for wish in wishes or ())

    def sell(deal: Deal) -> None:
        currency = amount.currency if amount else deal.amount.currency
        rows = deal.rows
        if wishes is not None:
            rows = make_rows(wishes, known, currency=currency, new_id=new_id, existing=deal.rows)
        deal.sell(
            priced(rows, typed=amount, manual=is_manual_amount, currency=currency, was=deal),
            by=cause.actor,
            at=cause.at,
        )

    return await deals.change(id_, sell, cause, expected_version=expected_version)
