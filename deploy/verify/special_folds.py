"""Fold the events that set more than they name: conversions, stored answers, dictionaries, deletions, bindings."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.conversions import LeadConversionRefused, LeadConversionRequested, LeadConverted, LeadDealRequested
from crm_contracts.deal_answers import LeadDealRefused
from crm_contracts.departments import DepartmentDeleted, DepartmentFields
from crm_contracts.dictionaries import (
    DictionaryValue,
    DictionaryValueCreated,
    DictionaryValueDeleted,
    DictionaryValueUpdated,
)
from crm_contracts.envelope import Envelope, Event
from crm_contracts.leads import LeadCreated, LeadDeleted
from crm_contracts.pipelines import PipelineDeleted, PipelineFields
from crm_contracts.roles import RoleDeleted, RoleFields
from crm_contracts.settings import ModeChanged
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound
from crm_contracts.values import Fields

from deploy.verify.element_folds import Fold, Known, changed, created, deleted, named_fields, touched

UNKNOWN: Final = object()
"""A field whose value no event carries until one does again."""


def _lead_created(known: Known, event: Envelope[LeadCreated]) -> dict[str, Any]:
    return {**created(known, event), "conversion.state": "none"}


def _lead_deleted(known: Known, event: Envelope[LeadDeleted]) -> dict[str, Any]:
    """Return the tombstone, in which what the conversion froze of the lead is emptied as well."""
    return {**deleted(known, event), "conversion.snapshot": None}


def _conversion_requested(known: Known, event: Envelope[LeadConversionRequested]) -> dict[str, Any]:
    data = event.data
    chosen = ("targets", "on_duplicate", "contact_id", "company_id")
    names = ("attempt", *chosen, "proposed_contact_id", "proposed_company_id", "snapshot")
    asked = {f"conversion.{name}": getattr(data, name) for name in names}
    asked |= {"conversion.asked_at": UNKNOWN, "conversion.forwards_deal": data.deal is not None}
    if data.deal is not None:
        asked |= {
            "conversion.proposed_deal_id": data.deal.proposed_deal_id,
            "conversion.pipeline_id": data.deal.draft.pipeline_id,
        }
    if known.get("conversion.attempt") == data.attempt:  # asked once more
        return asked
    fresh: dict[str, Any] = {
        "state": "running",
        "conversion_id": data.conversion_id,
        "correlation_id": event.correlation_id,
        "traceparent": event.traceparent,
        "started_by": event.actor,
        "deal": None,
        "candidates": (),
        "code": None,
        "message": None,
        # Set by the request or by answers, and published at the end.
        **dict.fromkeys(("pipeline_id", "activities", "contact", "company", "proposed_deal_id"), UNKNOWN),
    }
    return {f"conversion.{name}": value for name, value in fresh.items()} | asked | touched(event)


def _deal_requested(_: Known, event: Envelope[LeadDealRequested]) -> dict[str, Any]:
    return {
        "conversion.proposed_deal_id": event.data.proposed_deal_id,
        "conversion.pipeline_id": event.data.draft.pipeline_id,
        "conversion.asked_at": UNKNOWN,
    }


def _converted(known: Known, event: Envelope[LeadConverted]) -> dict[str, Any]:
    data = event.data
    results = {f"conversion.{name}": getattr(data, name) for name in ("contact", "company", "deal", "activities")}
    return {
        **results,
        "conversion.state": "done",
        "conversion.asked_at": None,
        "converted": True,
        "deal_ids": (*known.get("deal_ids", ()), *((data.deal.id,) if data.deal else ())),
        **changed(known, event),
    }


def _conversion_refused(_: Known, event: Envelope[LeadConversionRefused]) -> dict[str, Any]:
    data = event.data
    existing = {kind: next((ref for ref in data.existing if ref.type == kind), None) for kind in ("contact", "company")}
    reason = {"code": data.code, "message": data.message, "candidates": data.candidates}
    fields = {"state": "refused", "asked_at": None, **existing, **reason}
    return {f"conversion.{name}": value for name, value in fields.items()}


def _client_resolved(_: Known, event: Envelope[LeadClientResolved]) -> dict[str, Any]:
    return {"contact": None, "company": None, **named_fields(event)}


def _client_refused(_: Known, event: Envelope[LeadClientRefused]) -> dict[str, Any]:
    existing = {ref.type: ref for ref in event.data.existing}
    return {"contact": existing.get("contact"), "company": existing.get("company"), **named_fields(event)}


def _deal_refused(_: Known, event: Envelope[LeadDealRefused]) -> dict[str, Any]:
    return {**named_fields(event), "refused_at": event.time}


def _value_set(known: Known, event: Envelope[DictionaryValueCreated | DictionaryValueUpdated]) -> dict[str, Any]:
    return {"values": tuple(_in_order([*known.get("values", ()), event.data.value], event.data.codes))}


def _value_deleted(known: Known, event: Envelope[DictionaryValueDeleted]) -> dict[str, Any]:
    return {"values": tuple(_in_order(known.get("values", ()), event.data.codes))}


def _in_order(values: Iterable[DictionaryValue], codes: Iterable[str]) -> Iterator[DictionaryValue]:
    """Yield the newest values of these codes, in their order, as far as they have been told."""
    newest = {value.code: value for value in values}
    return (newest[code] for code in codes if code in newest)


def _mode_changed(_: Known, event: Envelope[ModeChanged]) -> dict[str, Any]:
    return {**dict(event.data.after), "changed_by": event.actor, "changed_at": event.time}


def _emptied(blank: Fields) -> Fold:
    def fold(_: Known, event: Envelope[RoleDeleted | DepartmentDeleted | PipelineDeleted]) -> dict[str, Any]:
        return {**dict(blank), "deleted_at": event.time}

    return fold


def _bound(added: str, removed: str) -> Fold:
    def fold(known: Known, event: Envelope[TimelineEntryBound | TimelineEntryUnbound]) -> dict[str, Any]:
        element = event.data.element
        others = {
            name: tuple(ref for ref in known.get(name, ()) if str(ref) != str(element)) for name in (added, removed)
        }
        return {"event_id": event.data.entry_event_id, added: (*others[added], element), removed: others[removed]}

    return fold


SPECIAL_FOLDS: Final[Mapping[type[Event], Fold]] = {
    LeadDeleted: _lead_deleted,
    LeadCreated: _lead_created,
    LeadConversionRequested: _conversion_requested,
    LeadDealRequested: _deal_requested,
    LeadConverted: _converted,
    LeadConversionRefused: _conversion_refused,
    LeadClientResolved: _client_resolved,
    LeadClientRefused: _client_refused,
    LeadDealRefused: _deal_refused,
    DictionaryValueCreated: _value_set,
    DictionaryValueUpdated: _value_set,
    DictionaryValueDeleted: _value_deleted,
    ModeChanged: _mode_changed,
    RoleDeleted: _emptied(RoleFields()),
    DepartmentDeleted: _emptied(DepartmentFields()),
    PipelineDeleted: _emptied(PipelineFields()),
    TimelineEntryBound: _bound("bound", "unbound"),
    TimelineEntryUnbound: _bound("unbound", "bound"),
}
"""What each of these events sets."""
