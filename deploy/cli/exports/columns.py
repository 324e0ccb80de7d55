"""The columns of an exported contact, company or deal, and what of it has none.

Several companies of a contact, or contacts of a deal, are lines of a cell, first the primary one.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from crm_contracts.elements import COMPANY, CONTACT, DEAL, ElementType

from deploy.cli.imports.contact_points import write_points
from deploy.cli.imports.mapping import CONTACT_POINTS
from deploy.cli.plain_fields import plain_fields
from shared.elements.domain.fields import catalogue_of

Origin: TypeAlias = tuple[str | None, str | None]
"""The system that a record came from, and its id there."""
NO_ORIGIN: Final[Origin] = (None, None)
_IDENTITY: Final = ("id", "originator_id", "origin_id", "origin_version")
_AUDIT: Final = ("created_at", "updated_at")
CONTACT_COLUMNS: Final = (
    *_IDENTITY,
    *plain_fields(CONTACT),
    *CONTACT_POINTS,
    *("company", "company_id", "company_origin_id"),
    *_AUDIT,
)
COMPANY_COLUMNS: Final = (
    *_IDENTITY,
    *plain_fields(COMPANY),
    *("revenue", "revenue_currency"),
    *CONTACT_POINTS,
    *_AUDIT,
)
DEAL_COLUMNS: Final = (
    *("id", "originator_id", "origin_id"),
    *plain_fields(DEAL),
    *("pipeline_id", "stage_id", "amount", "currency"),
    *("company_id", "company_origin_id", "contact_ids", "contact_origin_ids"),
    *("created_at", "created_by", "updated_at", "updated_by", "moved_at", "moved_by"),
)
COLUMNS: Final = {CONTACT: CONTACT_COLUMNS, COMPANY: COMPANY_COLUMNS, DEAL: DEAL_COLUMNS}


def _in_no_column(type_: ElementType) -> list[str]:
    writable = {field.name for field in catalogue_of(type_).values() if field.is_writable}
    return sorted({*writable, "requisites", "rows"} - {*COLUMNS[type_], *CONTACT_POINTS})


_IN_NO_COLUMN: Final = {type_: _in_no_column(type_) for type_ in COLUMNS}


def without_column(type_: ElementType, record: Mapping[str, Any]) -> list[str]:
    """Return what the record has, and no column."""
    return [name for name in _IN_NO_COLUMN[type_] if _says_something(record.get(name))]


def employers(contact: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the links to its companies, first the primary one, to which an import gives that place again."""
    return sorted(contact["companies"], key=lambda link: not link["is_primary"])


def contact_row(contact: Mapping[str, Any], company_origins: Mapping[str, Origin]) -> list[str]:
    """Return the cells in the order of the columns; the origins are of the one system that the primary company is of.

    An import finds companies of one system alone, and rejects a row that names others.
    """
    links = employers(contact)
    origins = [company_origins.get(link["company_id"], NO_ORIGIN) for link in links]
    named = {
        "company": _lines(link["title"] for link in links),
        "company_id": _lines(link["company_id"] for link in links),
        "company_origin_id": _lines(origin for system, origin in origins if system == origins[0][0]),
    }
    return _cells(CONTACT_COLUMNS, {**contact, **named})


def company_row(company: Mapping[str, Any]) -> list[str]:
    """Return the cells in the order of the columns."""
    revenue = company["revenue"] or {}
    figures = {"revenue": revenue.get("value"), "revenue_currency": revenue.get("currency")}
    return _cells(COMPANY_COLUMNS, {**company, **figures})


def deal_row(
    deal: Mapping[str, Any], company_origins: Mapping[str, Origin], contact_origins: Mapping[str, Origin]
) -> list[str]:
    """Return the cells in the order of the columns; the origins of contacts are of the system that the first is of."""
    client, amount = deal["client"], deal["amount"]
    company = client["company"]["id"] if client["company"] else None
    contacts = [link["contact_id"] for link in sorted(client["contacts"], key=lambda link: not link["is_primary"])]
    origins = [contact_origins.get(contact, NO_ORIGIN) for contact in contacts]
    named = {
        "amount": amount["value"],
        "currency": amount["currency"],
        "company_id": company,
        "company_origin_id": company_origins.get(company, NO_ORIGIN)[1] if company else None,
        "contact_ids": _lines(contacts),
        "contact_origin_ids": _lines(origin for system, origin in origins if system == origins[0][0]),
    }
    return [_text(value) for value in ({**deal, **named}[name] for name in DEAL_COLUMNS)]


def _says_something(value: object) -> bool:
    return any(value.values()) if isinstance(value, Mapping) else bool(value)


def _lines(texts: Iterable[str | None]) -> str:
    return "\n".join(" ".join(text.splitlines()) for text in texts if text)


def _cells(columns: tuple[str, ...], record: Mapping[str, Any]) -> list[str]:
    points = {name: write_points(record[name]) for name in CONTACT_POINTS}
    return [_text(value) for value in ({**record, **points}[name] for name in columns)]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
