"""Product rows and the amounts that they add up to (ROW-01, ROW-02).

Pure. A row keeps its own copy of name and list price: a later change of the product changes no row, and a deactivated
product stays in the rows that have it.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar, Final

from crm_contracts.product_rows import Priced, ProductRow
from crm_contracts.products import ListPrice
from crm_contracts.values import Money

from shared.elements.domain.currencies import CURRENCIES
from shared.kit.domain import KNOWN_SOON, Invalid, invalid_field, wrong_field

CENT: Final = Decimal("0.01")
"""The smallest unit of a currency that does not exist, which older deals may have."""


PRODUCT_NOT_FOUND: Final = "product_not_found"
PRICE_MISSING: Final = "price_missing"


class CurrencyOfRows(Invalid):
    """Prices of rows are in the currency of the element, which is not to become another one beneath them (ROW-02)."""

    code = "currency_of_rows"
    advice = (
        "Send the rows with prices in the new currency in the same request, or `rows: []` where there are to be none."
    )


class WrongRows(Invalid):
    """Some product rows cannot be accepted; `errors` names each."""

    also: ClassVar[Mapping[str, str]] = {
        PRODUCT_NOT_FOUND: "The catalog has not told this service of such a product; as the code of a field.",
        PRICE_MISSING: "The product has no price in this currency for the quantity; as the code of a field.",
    }
    advice_on: ClassVar[Mapping[str, str]] = {
        PRODUCT_NOT_FOUND: "Where it was created just now, send the same request again: its event comes in a "
        "moment. Else look for it by `GET /v1/products` of catalog, and send the id of one that is there.",
        PRICE_MISSING: "Give the row a `price`, 0 where it is free of charge, or the product a base price in the "
        "currency by `PATCH /v1/products/{product_id}` of catalog, whose event comes in a moment.",
    }


@dataclass(frozen=True)
class ProductFacts:
    """A product as far as an element service needs it.

    Attributes:
        price: its base price.
        prices: all entries of the base price list, where one of them is for a range of quantities.
    """

    id: str
    name: str
    active: bool
    price: Money | None
    prices: Sequence[ListPrice] = ()

    def price_of(self, quantity: Decimal) -> Money | None:
        """Return the price of so much of it: of its range, or else the one that is for no range (PROD-11)."""
        if not self.prices:
            return self.price
        fitting = [each for each in self.prices if _fits(each, quantity)]
        ranged = [each for each in fitting if each.has_range]
        return next((each.price for each in (*ranged, *fitting)), None)


def _fits(entry: ListPrice, quantity: Decimal) -> bool:
    is_enough = entry.quantity_from is None or quantity >= entry.quantity_from
    return is_enough and (entry.quantity_to is None or quantity <= entry.quantity_to)


@dataclass(frozen=True)
class NewRow:
    """A row to be set; what is None is not given.

    With the id of a row that the element has, what is not given stays as it was agreed. Without an id it is a new row,
    named and priced by its product where nothing else is given.

    Attributes:
        without_product: whether it is given that the row has no product.
    """

    product_id: str | None = None
    name: str | None = None
    quantity: Decimal | None = None
    list_price: Decimal | None = None
    price: Decimal | None = None
    sort: int | None = None
    id: str | None = None
    without_product: bool = False

    def of(self, row: ProductRow) -> "NewRow":
        """Add what was agreed for an existing row; of another product, only its quantity."""
        new = replace(self, quantity=row.quantity if self.quantity is None else self.quantity)
        if (self.without_product or self.product_id is not None) and self.product_id != row.product_id:
            return new
        return replace(
            new,
            product_id=row.product_id,
            name=self.name or row.name,
            list_price=row.list_price if self.list_price is None else self.list_price,
            price=row.price if self.price is None else self.price,
        )


def make_rows(
    new_rows: Sequence[NewRow],
    products: Mapping[str, ProductFacts],
    *,
    currency: str,
    new_id: Callable[[], str],
    was: Priced | None = None,
) -> tuple[ProductRow, ...]:
    """Make rows; `was` are those that the element has, whose agreed prices hold in their own currency only.

    Raises:
        WrongRows: naming every wrong row: an id that no row has, or that another one has as well, an unknown or
            switched-off product, no name, no price in the currency.
    """
    existing = {row.id: row for row in was.rows} if was else {}
    sold: dict[str, Decimal] = {}
    for row in existing.values():
        if row.product_id:
            sold[row.product_id] = sold.get(row.product_id, Decimal(0)) + row.quantity
    was_currency = was.amount.currency if was else currency
    rows: list[ProductRow] = []
    errors = _wrong_ids(new_rows, existing)
    for index, given in enumerate(new_rows):
        agreed = existing.get(given.id or "")
        new = given.of(agreed) if agreed else given
        if currency != was_currency:  # what was agreed in another currency holds no more
            new = replace(new, list_price=given.list_price)
        product = products.get(new.product_id or "")
        problem = _problem(new, product, currency, sold=sold.get(new.product_id or ""))
        if new.product_id in sold:
            sold[new.product_id] -= _quantity(new)
        if agreed and currency != was_currency and given.price is None:
            problem = "price", PRICE_MISSING, f"the agreed price is in {was_currency}, and not in {currency}"
        if problem:
            errors.append(_wrong(index, *problem))
        else:
            rows.append(_row(new, product, currency, index))
    if errors:
        raise WrongRows("Some product rows cannot be accepted.", {"errors": errors})
    return _identified(rows, existing, new_id)


def _row(new: NewRow, product: ProductFacts | None, currency: str, index: int) -> ProductRow:
    listed = new.list_price
    if listed is None:
        listed = _listed(new, product, currency)
    price = new.price if new.price is not None else listed
    return ProductRow(
        id=new.id or "",
        product_id=new.product_id,
        name=new.name or (product.name if product else ""),
        quantity=_quantity(new),
        list_price=listed if listed is not None else price or Decimal(0),
        price=price or Decimal(0),
        sort=(index + 1) * 10 if new.sort is None else new.sort,
    )


def _identified(
    rows: Sequence[ProductRow], existing: Mapping[str, ProductRow], new_id: Callable[[], str]
) -> tuple[ProductRow, ...]:
    """Give each new row an id, that of an equal row if there is one: rows sent again are no change (LEAD-10)."""
    kept = {row.id for row in rows}
    alike: dict[ProductRow, deque[str]] = defaultdict(deque)
    for id_, row in existing.items():
        if id_ not in kept:
            alike[_without_id(row)].append(id_)

    def id_of(row: ProductRow) -> str:
        same = alike.get(row)
        return same.popleft() if same else new_id()

    return tuple(row if row.id else row.model_copy(update={"id": id_of(row)}) for row in rows)


def _without_id(row: ProductRow) -> ProductRow:
    return row.model_copy(update={"id": ""})


def _wrong_ids(new_rows: Sequence[NewRow], existing: Mapping[str, ProductRow]) -> list[dict[str, str]]:
    """Name the rows whose id no row of the element has, and those that have one id."""
    numbers = Counter(new.id for new in new_rows)
    errors = []
    for index, new in enumerate(new_rows):
        if new.id is not None and numbers[new.id] > 1:
            errors.append(_wrong(index, "id", "id_repeated", "another row has this id as well"))
        elif new.id is not None and new.id not in existing:
            errors.append(_wrong(index, "id", "row_not_found", "no row has this id: a new one is given without"))
    return errors


def _wrong(index: int, name: str, code: str, message: str) -> dict[str, str]:
    return wrong_field(f"rows.{index}.{name}", code, message)


def _listed(new: NewRow, product: ProductFacts | None, currency: str) -> Decimal | None:
    """Return the price that the catalog has in the currency for as much as the row has."""
    price = product.price_of(_quantity(new)) if product else None
    return price.value if price and price.currency == currency else None


def _quantity(new: NewRow) -> Decimal:
    return Decimal(1) if new.quantity is None else new.quantity


def _problem(
    new: NewRow, product: ProductFacts | None, currency: str, *, sold: Decimal | None
) -> tuple[str, str, str] | None:
    """Find what is wrong with a row; `sold` is how much of its product the element has, but for the rows before it."""
    if new.product_id and product is None and not (sold is not None and new.name):
        return "product_id", PRODUCT_NOT_FOUND, f"the catalog has not told of this product; {KNOWN_SOON}"
    if product and not product.active and (sold is None or _quantity(new) > sold):
        more = "" if sold is None else "; what was sold of it may stay, and become less"
        return "product_id", "product_inactive", f"the product cannot be bought now{more}"
    if not new.name and product is None:
        return "name", "missing", "a row without a product needs a name"
    if new.product_id and _listed(new, product, currency) is None and new.price is None and new.list_price is None:
        return "price", PRICE_MISSING, f"the product has no price in {currency} for this quantity, so the row needs one"
    return None


def check_currency(rows: Sequence[ProductRow], was: str, currency: str) -> None:
    """Check that rows which stay as they are keep their currency.

    Raises:
        CurrencyOfRows: the amount is to be in another one.
    """
    if rows and currency != was:
        raise CurrencyOfRows.at(f"The prices of the rows are in {was}, and not in {currency}.", "amount.currency")


def total(rows: Sequence[ProductRow], currency: str) -> Money:
    """Sum up final price times quantity, rounded half up to the smallest unit of the currency (ISO 4217)."""
    value = sum((row.price * row.quantity for row in rows), Decimal(0))
    smallest = Decimal(1).scaleb(-CURRENCIES[currency]) if currency in CURRENCIES else CENT
    return Money(value=value.quantize(smallest, ROUND_HALF_UP), currency=currency)


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
