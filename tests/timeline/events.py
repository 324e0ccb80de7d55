"""Events for the timeline: the committed sample of each type, and ones made for a test."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import uuid4

from crm_contracts import registry
from crm_contracts.client_field import Client
from crm_contracts.contacts import ContactCreated, ContactMerged
from crm_contracts.deals import DealContactsAttached, DealCreated
from crm_contracts.envelope import Envelope, Event
from crm_contracts.leads import LeadCreated, LeadUpdated
from crm_contracts.values import ElementRef

_NOBODYS: Mapping[str, Any] = {"responsible_id": "nobody", "observers": [], "open_to_all": False}
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


def lead_created(lead: str, *, seconds: float = 0, **fields: Any) -> Envelope[LeadCreated]:
    """A lead that its fields say who has rights to; nobody has, unless they do."""
    state = json.loads(registry.sample_of(LeadCreated.ce_type))["data"]["lead"]
    data = LeadCreated.model_validate({"lead": {**state, **_NOBODYS, "client": {}, "id": lead, **fields}})
    return said(data, seconds=seconds)


def deal_created(deal: str, *, seconds: float = 0, **fields: Any) -> Envelope[DealCreated]:
    """The same of a deal, which came from no lead and links nobody."""
    state = json.loads(registry.sample_of(DealCreated.ce_type))["data"]["deal"]
    alone = {**_NOBODYS, "lead_id": None, "client": {}}
    data = DealCreated.model_validate({"deal": {**state, **alone, "id": deal, **fields}})
    return said(data, seconds=seconds, source="/crm/deals")


def contact_created(contact: str, *, seconds: float = 0, **fields: Any) -> Envelope[ContactCreated]:
    """The same of a contact without a company."""
    state = json.loads(registry.sample_of(ContactCreated.ce_type))["data"]["contact"]
    data = ContactCreated.model_validate({"contact": {**state, **_NOBODYS, "companies": [], "id": contact, **fields}})
    return said(data, seconds=seconds, source="/crm/clients")


def contacts_attached(deal: str, *contacts: str, **attributes: Any) -> Envelope[DealContactsAttached]:
    """Something that happens to a deal, its company and several contacts."""
    attached = tuple(ref(f"contact:{contact}", contact) for contact in contacts)
    client = Client(company=ref("company:acme", "ACME"))
    data = DealContactsAttached(deal=ref(f"deal:{deal}", "Pumps"), attached=attached, client=client)
    return said(data, source="/crm/deals", **attributes)


def contacts_merged(survivor: str, *others: str, seconds: float = 0) -> Envelope[ContactMerged]:
    """Contacts that were merged into one of them."""
    removed = [{"type": "contact", "id": other} for other in others]
    unchanged: dict[str, Any] = {"before": {}, "after": {}}
    said = sampled(ContactMerged, survivor={"type": "contact", "id": survivor}, removed=removed, **unchanged)
    return replace(said, id=str(uuid4()), time=AT + timedelta(seconds=seconds))
