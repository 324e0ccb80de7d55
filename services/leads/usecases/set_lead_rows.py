"""The products of a lead, or its amount, are set (ROW-01, ROW-02)."""

from collections.abc import Callable, Sequence

from crm_contracts.values import Money

from services.leads.domain.lead import Lead
from shared.elements.domain.product_rows import NewRow, make_rows, priced
from shared.elements.store.products import Products
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def set_lead_rows(
    id_: str,
    wishes: Sequence[NewRow] | None,
    cause: Cause,
    *,
    amount: Money | None,
    is_manual_amount: bool | None,
    leads: Repository[Lead],
    products: Products,
    new_id: Callable[[], str],
    expected_version: int | None = None,
) -> Lead:
    """Replace all rows (None: leave them) and set the amount that follows.

    Raises:
        Invalid: rows that cannot be named or priced, or an amount beside rows without its flag.
    """
    known = await products.facts(wish.product_id for wish in wishes or ())

    def sell(lead: Lead) -> None:
        currency = amount.currency if amount else lead.amount.currency
        rows = lead.rows
        if wishes is not None:
            rows = make_rows(wishes, known, currency=currency, new_id=new_id, existing=lead.rows)
        lead.sell(
            priced(rows, typed=amount, manual=is_manual_amount, currency=currency, was=lead),
            by=cause.actor,
            at=cause.at,
        )

    return await leads.change(id_, sell, cause, expected_version=expected_version)
