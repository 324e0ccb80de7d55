"""Freeze of a lead what its conversion needs: the snapshot for clients, and the draft of the deal (LEAD-12)."""

from typing import Final

from crm_contracts.client_field import Client
from crm_contracts.conversions import DealDraft, LeadSnapshot
from crm_contracts.leads import LeadState
from crm_contracts.values import ElementRef

from services.leads.lead.domain.errors import LeadTooLarge
from shared.elements.domain.client_field import with_resolved
from shared.elements.domain.room import size_of
from shared.kit.domain import MAX_EVENT_BYTES

MAX_DRAFT_BYTES: Final = MAX_EVENT_BYTES - 64 * 1024
"""Leaves room for the rest of the events that carry a draft: ids, clients, the deal's own fields."""

MAX_FORWARDED_BYTES: Final = 160 * 1024
"""A draft that clients passes on shares its events with the snapshot, and with the contacts of the company."""


def snapshot_of(lead: LeadState) -> LeadSnapshot:
    """Freeze the fields that clients needs; contact data that could not be normalised goes as it was typed."""
    return LeadSnapshot.model_construct(**{name: getattr(lead, name) for name in LeadSnapshot.model_fields})


def draft_of(lead: LeadState, pipeline_id: str) -> DealDraft:
    """Freeze the deal that the lead asks for."""
    fields = {name: getattr(lead, name) for name in DealDraft.model_fields if hasattr(lead, name)}
    client = {"company": lead.client.company, "contacts": lead.client.contacts}
    return DealDraft.model_construct(**{**fields, **client, "pipeline_id": pipeline_id})


def link_client(draft: DealDraft, contact: ElementRef | None, company: ElementRef | None) -> DealDraft:
    """Link what the conversion has created or linked so far beside the lead's own clients."""
    client = with_resolved(Client(company=draft.company, contacts=draft.contacts), contact, company)
    return draft.model_copy(update={"company": client.company, "contacts": client.contacts})


def check_fits(draft: DealDraft) -> int:
    """Check that the draft fits into an event, and return its size in bytes.

    Raises:
        LeadTooLarge: texts and product rows are too large for one deal.
    """
    size = size_of(draft)
    if size > MAX_DRAFT_BYTES:
        message = f"Texts and product rows are too large for one deal: shorten them below {MAX_DRAFT_BYTES} bytes."
        raise LeadTooLarge(message)
    return size
