"""Freeze of a lead what its conversion needs: the snapshot for clients, and the draft of the deal (LEAD-12)."""

from typing import Final

from crm_contracts.conversions import DealDraft, LeadSnapshot
from crm_contracts.leads import LeadState

from services.leads.lead.domain.errors import LeadTooLarge
from shared.kit.domain import MAX_EVENT_BYTES

MAX_DRAFT_BYTES: Final = MAX_EVENT_BYTES - 64 * 1024
"""Leaves room for the rest of the events that carry a draft: ids, clients, the deal's own fields."""


def snapshot_of(lead: LeadState) -> LeadSnapshot:
    """Freeze the fields that clients needs; contact data that could not be normalised goes as it was typed."""
    return LeadSnapshot.model_construct(**{name: getattr(lead, name) for name in LeadSnapshot.model_fields})


def draft_of(lead: LeadState, pipeline_id: str) -> DealDraft:
    """Freeze the deal that the lead asks for."""
    fields = {name: getattr(lead, name) for name in DealDraft.model_fields if hasattr(lead, name)}
    client = {"company": lead.client.company, "contacts": lead.client.contacts}
    return DealDraft.model_construct(**{**fields, **client, "pipeline_id": pipeline_id})


def check_fits(draft: DealDraft) -> None:
    """Check that the draft fits into an event.

    Raises:
        LeadTooLarge: texts and product rows are too large for one deal.
    """
    if len(draft.model_dump_json().encode()) > MAX_DRAFT_BYTES:
        message = f"Texts and product rows are too large for one deal: shorten them below {MAX_DRAFT_BYTES} bytes."
        raise LeadTooLarge(message)
