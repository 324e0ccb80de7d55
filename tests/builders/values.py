"""Values of events and elements, with defaults that make sense."""

from decimal import Decimal
from typing import Final

from crm_contracts.client_field import Client, ContactLink
from crm_contracts.product_rows import Priced, ProductRow
from crm_contracts.values import ContactPoint, ElementRef, Money

SUMS_BY_CURRENCY: Final = (
    ("KWD", "12.345", "1", "12.345"),
    ("BHD", "0.0015", "1", "0.002"),
    ("JPY", "99.5", "1", "100"),
    ("KRW", "0.4", "3", "1"),
    ("CLF", "1.2345", "1", "1.2345"),
    ("EUR", "12.345", "1", "12.35"),
)
"""Currency, price and quantity of a row, and the sum in the decimal places of the currency."""


def euros(value: str) -> Money:
    return Money(value=Decimal(value), currency="EUR")


def priced(*rows: ProductRow, amount: str = "0", is_manual: bool = False) -> Priced:
    return Priced(rows=rows, amount=euros(amount), is_manual_amount=is_manual)


def a_row(id_: str = "row-1", *, price: str = "10", quantity: str = "1", product_id: str | None = None) -> ProductRow:
    return ProductRow(
        id=id_,
        product_id=product_id,
        name="Pump",
        quantity=Decimal(quantity),
        list_price=Decimal(price),
        price=Decimal(price),
    )


def contact_ref(id_: str = "ada", title: str | None = "Ada Lovelace") -> ElementRef:
    return ElementRef(type="contact", id=id_, title=title)


def company_ref(id_: str = "acme", title: str | None = "ACME GmbH") -> ElementRef:
    return ElementRef(type="company", id=id_, title=title)


def deal_ref(id_: str = "deal-1", title: str | None = "Pumps for ACME") -> ElementRef:
    return ElementRef(type="deal", id=id_, title=title)


def a_link(
    contact_id: str = "ada", *, sort: int = 10, is_primary: bool = False, auto_linked_from: str | None = None
) -> ContactLink:
    return ContactLink(contact_id=contact_id, sort=sort, is_primary=is_primary, auto_linked_from=auto_linked_from)


def a_client(*contact_ids: str, company_id: str | None = None, link_no: int | None = None) -> Client:
    """A settled Client field: the first contact is primary."""
    return Client(
        company=company_ref(company_id, None) if company_id else None,
        contacts=tuple(a_link(id_, sort=10 * n, is_primary=n == 1) for n, id_ in enumerate(contact_ids, start=1)),
        link_no=(1 if company_id else 0) if link_no is None else link_no,
        link_state="done" if company_id else "none",
    )


def a_phone(value: str = "+49 30 901820", normalized: str | None = "+4930901820") -> ContactPoint:
    return ContactPoint(value=value, normalized=normalized)


def an_email(value: str = "ada@acme.example", normalized: str | None = "ada@acme.example") -> ContactPoint:
    return ContactPoint(value=value, normalized=normalized)
