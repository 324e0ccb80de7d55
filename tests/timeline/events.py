"""Events for the timeline: the committed sample of each type, and ones made for a test."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import uuid4

from crm_contracts import registry
from crm_contracts.client_field import Client
from crm_contracts.contacts import ContactMerged
from crm_contracts.deals import DealContactsAttached
from crm_contracts.envelope import Envelope, Event
from crm_contracts.leads import LeadUpdated
from crm_contracts.values import ElementRef

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
E = TypeVar("E", bound=Event)


def sampled(event: type[E], **changes: Any) -> Envelope[E]:
    """The committed sample of a type, with some of its data changed."""
    sample = json.loads(registry.sample_of(event.ce_type))
    envelope = registry.parse(sample["headers"], json.dumps({**sample["data"], **changes}).encode())
    assert envelope is not None
    return cast("Envelope[E]", envelope)


def ref(element: str, title: str | None = None) -> ElementRef:
    type_, _, id_ = element.partition(":")
    return ElementRef(type=type_, id=id_, title=title)


def said(data: E, *, seconds: float = 0, **attributes: Any) -> Envelope[E]:
    """An occurrence of an event, so many seconds after noon."""
    given: Mapping[str, Any] = {
        "id": str(uuid4()),
        "source": "/crm/leads",
        "subject": "s1",
        "time": AT + timedelta(seconds=seconds),
        "correlation_id": str(uuid4()),
        "actor": "user:ann",
        "sequence": 1,
        **attributes,
    }
    return Envelope(data=data, **given)


def lead_renamed(lead: str, *, seconds: float = 0, **attributes: Any) -> Envelope[LeadUpdated]:
    """Something that happens to one lead alone."""
    changed = {
        "lead": {"type": "lead", "id": lead, "title": "Pumps"},
        "before": {"title": "P"},
        "after": {"title": "Pumps"},
    }
    return said(LeadUpdated.model_validate(changed), seconds=seconds, **attributes)


def contacts_attached(deal: str, *contacts: str, **attributes: Any) -> Envelope[DealContactsAttached]:
    """Something that happens to a deal, its company and several contacts."""
    attached = tuple(ref(f"contact:{contact}", contact) for contact in contacts)
    client = Client(company=ref("company:acme", "ACME"))
    data = DealContactsAttached(deal=ref(f"deal:{deal}", "Pumps"), attached=attached, client=client)
    return said(data, source="/crm/deals", **attributes)


def contacts_merged(survivor: str, *others: str, seconds: float = 0) -> Envelope[ContactMerged]:
    """Contacts that were merged into one of them."""
    removed = [{"type": "contact", "id": other} for other in others]
    said = sampled(ContactMerged, survivor={"type": "contact", "id": survivor}, removed=removed)
    return replace(said, id=str(uuid4()), time=AT + timedelta(seconds=seconds))
