"""The columns of an exported contact or company.

Left out are requisites, observers, campaign marks and all companies of a contact but the primary one.
"""

from collections.abc import Mapping
from typing import Any, Final

from crm_contracts.elements import COMPANY, CONTACT

from deploy.cli.imports.contact_points import write_points
from deploy.cli.imports.mapping import CONTACT_POINTS
from deploy.cli.plain_fields import plain_fields

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


def primary_company(contact: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the link to the primary company, empty for a contact without."""
    none: Mapping[str, Any] = {}
    return next((link for link in contact["companies"] if link["is_primary"]), none)


def contact_row(contact: Mapping[str, Any], company_origin: str | None) -> list[str]:
    """Return the cells in the order of the columns."""
    company = primary_company(contact)
    named = {"company": company.get("title"), "company_id": company.get("company_id")}
    return _cells(CONTACT_COLUMNS, {**contact, **named, "company_origin_id": company_origin})


def company_row(company: Mapping[str, Any]) -> list[str]:
    """Return the cells in the order of the columns."""
    revenue = company["revenue"] or {}
    figures = {"revenue": revenue.get("value"), "revenue_currency": revenue.get("currency")}
    return _cells(COMPANY_COLUMNS, {**company, **figures})


def _cells(columns: tuple[str, ...], record: Mapping[str, Any]) -> list[str]:
    points = {name: write_points(record[name]) for name in CONTACT_POINTS}
    return [_text(value) for value in ({**record, **points}[name] for name in columns)]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
