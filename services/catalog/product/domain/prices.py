"""Rules of a product's prices and VAT (PROD-11)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crm_contracts.products import BASE_PRICE_TYPE, ListPrice, ProductFields

from shared.kit.domain import Invalid, invalid_field, wrong_field


def check_prices(prices: Sequence[ListPrice]) -> None:
    """Check that one base price applies to any quantity (PROD-11).

    An entry without a range is the price of its type, and one with a range, both ends included, that of those
    quantities instead; of one type no two apply to the same quantity.

    Raises:
        Invalid: naming every entry whose range ends before it begins or overlaps with another, and `prices` where
            there is no base price or more than one.
    """
    errors = [
        wrong_field(f"prices.{index}.quantity_to", "empty_range", "the range ends before it begins")
        for index, each in enumerate(prices)
        if each.quantity_to is not None and each.quantity_to < (each.quantity_from or 0)
    ]
    base = [each for each in prices if each.price_type_id == BASE_PRICE_TYPE]
    if prices and not base:
        errors.append(wrong_field("prices", "base_price_missing", "a product with prices has a base price"))
    if sum(not each.has_range for each in base) > 1:
        errors.append(wrong_field("prices", "several_base_prices", "a product has one base price"))
    errors += [
        wrong_field(f"prices.{index}", "overlapping_prices", f"entry {other} applies to it as well")
        for index, each in enumerate(prices)
        for other in range(index)
        if _overlap(each, prices[other]) and (each.has_range or each.price_type_id != BASE_PRICE_TYPE)
    ]
    if errors:
        raise Invalid("The prices do not fit together.", {"errors": errors})


def _overlap(one: ListPrice, other: ListPrice) -> bool:
    if one.price_type_id != other.price_type_id or one.has_range != other.has_range:
        return False
    return _start(one) <= _end(other) and _start(other) <= _end(one)


def _start(price: ListPrice) -> Decimal:
    return price.quantity_from or Decimal(0)


def _end(price: ListPrice) -> Decimal:
    return Decimal("Infinity") if price.quantity_to is None else price.quantity_to


def with_vat_rate(changes: Mapping[str, Any], current: ProductFields, rate: Decimal | None) -> Mapping[str, Any]:
    """Add the percentage of the VAT rate that is chosen from now on; without one, any may be given (PROD-11).

    `rate` is that of a `vat_id` among the changes.

    Raises:
        Invalid: another percentage is given beside the VAT rate.
    """
    if not {"vat_id", "vat_rate"} & changes.keys():
        return changes
    chosen = changes.get("vat_id", current.vat_id)
    if chosen is None:
        return {"vat_rate": None, **changes} if "vat_id" in changes else changes
    fixed = current.vat_rate if chosen == current.vat_id else rate
    if changes.get("vat_rate", fixed) != fixed:
        raise invalid_field("vat_rate", "not_the_rate", f"the rate of {chosen} is {fixed}")
    return {**changes, "vat_rate": fixed}
