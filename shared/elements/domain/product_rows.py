"""Product rows and the amounts that they add up to (ROW-01, ROW-02).

Pure. A row keeps its own copy of name and list price: a later change of the product changes no row, and a deactivated
product stays in the rows that have it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from crm_contracts.product_rows import Priced, ProductRow
from crm_contracts.values import Money

from shared.kit.domain import Invalid, invalid_field

CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class ProductFacts:
    """A product as far as an element service needs it."""

    id: str
    name: str
    active: bool
    price: Money | None


@dataclass(frozen=True)
class NewRow:
    """A row to be made; name and prices come from the product where they are None."""

    product_id: str | None = None
    name: str | None = None
    quantity: Decimal = Decimal(1)
    list_price: Decimal | None = None
    price: Decimal | None = None
    sort: int | None = None
    id: str | None = None


def make_rows(
    new_rows: Sequence[NewRow],
    products: Mapping[str, ProductFacts],
    *,
    currency: str,
    new_id: Callable[[], str],
    existing: Sequence[ProductRow] = (),
) -> tuple[ProductRow, ...]:
    """Make rows, with names and prices of the catalog where none are given.

    Raises:
        Invalid: naming every wrong row: an unknown or switched-off product, no name, no price in the currency.
    """
    sold = {row.product_id for row in existing}
    rows: list[ProductRow] = []
    errors: list[dict[str, str]] = []
    for index, new in enumerate(new_rows):
        product = products.get(new.product_id or "")
        problem = _problem(new, product, currency, is_sold=new.product_id in sold)
        if problem:
            errors.append({"field": f"rows.{index}.{problem[0]}", "code": problem[1], "message": problem[2]})
            continue
        listed = new.list_price
        if listed is None and product and product.price and product.price.currency == currency:
            listed = product.price.value
        price = new.price if new.price is not None else listed
        rows.append(
            ProductRow(
                id=new.id or "",
                product_id=new.product_id,
                name=new.name or (product.name if product else ""),
                quantity=new.quantity,
                list_price=listed if listed is not None else price or Decimal(0),
                price=price or Decimal(0),
                sort=(index + 1) * 10 if new.sort is None else new.sort,
            )
        )
    if errors:
        raise Invalid("Some product rows cannot be accepted.", {"errors": errors})
    return _identified(rows, existing, new_id)


def _identified(
    rows: Sequence[ProductRow], existing: Sequence[ProductRow], new_id: Callable[[], str]
) -> tuple[ProductRow, ...]:
    """Give each row its id, or that of an equal row: rows sent again without ids are no change (LEAD-10)."""
    left = {row.id: row for row in existing}
    kept = [left.pop(row.id, None) for row in rows]  # of two rows with one id, the second is a new row
    alike: dict[ProductRow, deque[str]] = defaultdict(deque)
    for row in left.values():
        alike[_without_id(row)].append(row.id)

    def id_of(row: ProductRow, old: ProductRow | None) -> str:
        if old is not None:
            return old.id
        same = alike.get(_without_id(row))
        return same.popleft() if same else new_id()

    return tuple(row.model_copy(update={"id": id_of(row, old)}) for row, old in zip(rows, kept, strict=True))


def _without_id(row: ProductRow) -> ProductRow:
    return row.model_copy(update={"id": ""})


def _problem(new: NewRow, product: ProductFacts | None, currency: str, *, is_sold: bool) -> tuple[str, str, str] | None:
    if new.product_id and product is None and not (is_sold and new.name):
        return "product_id", "product_not_found", "the catalog has not told of this product"
    if product and not product.active and not is_sold:
        return "product_id", "product_inactive", "the product cannot be bought now"
    if not new.name and product is None:
        return "name", "missing", "a row without a product needs a name"
    other_currency = product and product.price and product.price.currency != currency
    if other_currency and new.price is None and new.list_price is None:
        return "price", "price_missing", f"the product has no price in {currency}"
    return None


def total(rows: Sequence[ProductRow], currency: str) -> Money:
    """Sum up final price times quantity, rounded half up to cents."""
    value = sum((row.price * row.quantity for row in rows), Decimal(0))
    return Money(value=value.quantize(CENT, ROUND_HALF_UP), currency=currency)


def priced(
    rows: Sequence[ProductRow], *, typed: Money | None, manual: bool | None, currency: str, was: Priced | None = None
) -> Priced:
    """Choose the amount of rows: the typed one where it is manual, the sum where there are rows, else the present one.

    Raises:
        Invalid: an amount was sent beside rows without the flag that makes it count (ROW-02).
    """
    is_manual = (was.is_manual_amount if was else False) if manual is None else manual
    if typed is not None and rows and not manual:
        raise invalid_field("amount", "amount_is_computed", "with rows, an amount needs is_manual_amount: true")
    if is_manual and (typed or was):
        amount = typed or (was.amount if was else None) or Money(currency=currency)
    elif rows:
        amount = total(rows, typed.currency if typed else currency)
    elif typed is not None:
        amount = typed
    else:
        amount = was.amount if was and not was.rows else Money(value=Decimal(0), currency=currency)
    return Priced(rows=tuple(rows), amount=amount, is_manual_amount=is_manual)
