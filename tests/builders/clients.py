"""Contacts and companies."""

from datetime import datetime
from typing import Any

from crm_contracts.contacts import CompanyLink

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from tests.builders.causes import ANNA, NOON


def works_for(company_id: str = "acme", *, position: int = 10, sort: int = 10, is_primary: bool = False) -> CompanyLink:
    return CompanyLink(company_id=company_id, position=position, sort=sort, is_primary=is_primary)


def just_created_contact(
    id_: str = "ada", *companies: CompanyLink, number: int = 1, at: datetime = NOON, **fields: Any
) -> Contact:
    """A contact that has not been stored yet: its first event is still recorded."""
    named = {"first_name": "Ada", "last_name": "Lovelace", "responsible_id": "anna", **fields}
    return Contact.create(id_, number, named, by=ANNA, at=at, companies=companies)


def a_contact(id_: str = "ada", *companies: CompanyLink, **given: Any) -> Contact:
    """A contact as it is loaded: nothing recorded."""
    contact = just_created_contact(id_, *companies, **given)
    contact._recorded.clear()
    return contact


def just_created_company(id_: str = "acme", *, number: int = 1, at: datetime = NOON, **fields: Any) -> Company:
    """A company that has not been stored yet: its first event is still recorded."""
    return Company.create(id_, number, {"title": "ACME GmbH", "responsible_id": "anna", **fields}, by=ANNA, at=at)


def a_company(id_: str = "acme", **given: Any) -> Company:
    """A company as it is loaded: nothing recorded."""
    company = just_created_company(id_, **given)
    company._recorded.clear()
    return company
