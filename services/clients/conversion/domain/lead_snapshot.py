"""Derive the fields of a new contact or company from the snapshot of the lead (LEAD-12)."""

from typing import Any

from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.requisites import Requisite

from shared.kit.domain import derived_id

MAX_NAME = 100
_CONTACT_POINTS = {"phones", "emails", "websites", "messengers"}
_COMPANY = {"comments", "responsible_id", "open_to_all", "utm"}
_PERSON = {"salutation", "first_name", "middle_name", "last_name", "birth_date", "position"}
_CONTACT = _COMPANY | _PERSON | _CONTACT_POINTS | {"source_id", "source_description"}


def contact_fields(request: LeadConversionRequested) -> dict[str, Any]:
    """Derive the fields of the contact; no conversion fails because of a missing name (A-09)."""
    snapshot = request.snapshot
    fields = snapshot.model_dump(include=_CONTACT)
    if not snapshot.full_name:
        fields["first_name"] = snapshot.title[:MAX_NAME]
    elif not (snapshot.first_name or snapshot.last_name):
        # A contact needs a first or a last name (CONT-01): the only name that there is becomes the first.
        fields |= {"first_name": snapshot.middle_name, "middle_name": None}
    return fields


def company_fields(request: LeadConversionRequested, title: str | None, *, alone: bool) -> dict[str, Any]:
    """Derive the fields of the company; it has the lead's contact data where no contact is created with it."""
    return {**request.snapshot.model_dump(include=_COMPANY | _CONTACT_POINTS if alone else _COMPANY), "title": title}


def address_requisites(request: LeadConversionRequested, owner_id: str) -> tuple[Requisite, ...]:
    """Wrap the lead's address in requisites of this owner that carry nothing else (REQ-03).

    Each owner has an id of its own for them, or two that took the address of one lead could never be merged.
    """
    address = request.snapshot.address
    if address is None:
        return ()
    id_ = derived_id("requisite", request.lead.id, owner_id)
    return (Requisite(id=id_, name=request.snapshot.title, addresses=(address,)),)
