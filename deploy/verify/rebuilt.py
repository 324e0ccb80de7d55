"""What an aggregate must be, judged by its events alone: one table says what each event changes.

The surprise: a step of a conversion may change what no event of the lead tells, so that a field that was known can be
unknown again (`UNSAID`), until an event says it once more.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_contracts import (
    client_answers,
    clients,
    companies,
    contacts,
    conversions,
    deal_answers,
    deals,
    dictionaries,
    leads,
    products,
    timeline,
)
from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import Fields

from services.catalog.dictionary.domain.dictionary import Dictionary
from services.catalog.product.domain import Product
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.resolution import Resolution
from services.deals.domain.deal import Deal
from services.deals.domain.refusal import Refusal
from services.leads.domain.lead import Lead
from services.timeline.domain.bindings import Bindings
from shared.kit.domain import Aggregate

Known = Mapping[str, Any]
"""Fields by name; those of a part with a dot, such as `conversion.state`."""

Fold = Callable[[Known, Envelope[Any]], dict[str, Any]]
"""From what is known and the next event to what is different from then on."""

UNSAID: Final = object()


def _created(noun: str) -> Fold:
    def fold(_: Known, event: Envelope[Any]) -> dict[str, Any]:
        state = getattr(event.data, noun)
        return {name: getattr(state, name) for name in type(state).model_fields}

    return fold


def _touched(event: Envelope[Any]) -> dict[str, Any]:
    return {"updated_at": event.time, "updated_by": event.actor}


def _corrected(_: Known, event: Envelope[Any]) -> dict[str, Any]:
    after = event.data.after
    return {name: getattr(after, name) for name in after.model_fields_set} | _touched(event)


def _sold(_: Known, event: Envelope[Any]) -> dict[str, Any]:
    return dict(event.data.after) | _touched(event)


def _says(*names: str) -> Fold:
    def fold(_: Known, event: Envelope[Any]) -> dict[str, Any]:
        return {name: getattr(event.data, name) for name in names} | _touched(event)

    return fold


def _client_changed(*names: str) -> Fold:
    said = _says(*names)

    def fold(known: Known, event: Envelope[Any]) -> dict[str, Any]:
        return {"client": event.data.after} | said(known, event)

    return fold


def _requisites_chosen(_: Known, event: Envelope[Any]) -> dict[str, Any]:
    return {"requisite_link": event.data.after} | _touched(event)


def _moved(_: Known, event: Envelope[Any]) -> dict[str, Any]:
    said = event.data
    stands = {"stage_id": said.to_stage, "stage_semantic": said.to_semantic, "closed_at": said.closed_at}
    return {**stands, "moved_at": said.moved_at, "moved_by": event.actor, **_touched(event)}


def _deal_created(known: Known, event: Envelope[deals.DealCreated]) -> dict[str, Any]:
    return _created("deal")(known, event) | {"conversion": event.data.conversion}


def _deal_moved(known: Known, event: Envelope[deals.DealStageChanged]) -> dict[str, Any]:
    return _moved(known, event) | {"closed": event.data.to_semantic != "P"}


def _lead_created(known: Known, event: Envelope[leads.LeadCreated]) -> dict[str, Any]:
    return _created("lead")(known, event) | {"conversion.state": "none"}


def _conversion_requested(known: Known, event: Envelope[conversions.LeadConversionRequested]) -> dict[str, Any]:
    said = event.data
    carried = ("attempt", "targets", "on_duplicate", "proposed_contact_id", "proposed_company_id", "snapshot")
    asked = {f"conversion.{name}": getattr(said, name) for name in carried} | {"conversion.asked_at": event.time}
    if known.get("conversion.attempt") == said.attempt:  # asked once more
        return asked
    fresh: dict[str, Any] = {
        "state": "running",
        "conversion_id": said.conversion_id,
        "correlation_id": event.correlation_id,
        "traceparent": event.traceparent,
        "started_by": event.actor,
        "deal": None,
        "candidates": (),
        "code": None,
        "message": None,
        # Set by the request or by answers, and told at the end.
        **dict.fromkeys(("pipeline_id", "activities", "contact", "company", "proposed_deal_id"), UNSAID),
    }
    return asked | {f"conversion.{name}": value for name, value in fresh.items()} | _touched(event)


def _deal_requested(_: Known, event: Envelope[conversions.LeadDealRequested]) -> dict[str, Any]:
    return {
        "conversion.proposed_deal_id": event.data.proposed_deal_id,
        "conversion.pipeline_id": event.data.draft.pipeline_id,
        "conversion.asked_at": event.time,
    }


def _converted(known: Known, event: Envelope[conversions.LeadConverted]) -> dict[str, Any]:
    said = event.data
    results = {f"conversion.{name}": getattr(said, name) for name in ("contact", "company", "deal", "activities")}
    return {
        **results,
        "conversion.state": "done",
        "conversion.asked_at": None,
        "client": said.client,
        "converted": True,
        "converted_at": said.converted_at,
        "converted_by": said.converted_by,
        "deal_ids": (*known.get("deal_ids", ()), *((said.deal.id,) if said.deal else ())),
        **_touched(event),
    }


def _conversion_refused(_: Known, event: Envelope[conversions.LeadConversionRefused]) -> dict[str, Any]:
    said = event.data
    existing = {kind: next((ref for ref in said.existing if ref.type == kind), None) for kind in ("contact", "company")}
    why = {"code": said.code, "message": said.message, "candidates": said.candidates}
    changed = {"state": "refused", "asked_at": None, **existing, **why}
    return {f"conversion.{name}": value for name, value in changed.items()}


def _resolved(_: Known, event: Envelope[Any]) -> dict[str, Any]:
    said = event.data
    result = {name: getattr(said, name, None) for name in ("contact", "company")}
    return {"lead": said.lead, "conversion_id": said.conversion_id, "attempt": said.attempt, **result}


def _deal_refused(_: Known, event: Envelope[deal_answers.LeadDealRefused]) -> dict[str, Any]:
    said = event.data
    answer = {"conversion": said.conversion, "lead": said.lead, "code": said.code, "message": said.message}
    return {**answer, "refused_at": event.time}


def _bound(by: str, other: str) -> Fold:
    def fold(known: Known, event: Envelope[Any]) -> dict[str, Any]:
        element = event.data.element
        left = {
            name: tuple(ref for ref in known.get(name, ()) if str(ref) != str(element)) for name in ("bound", "unbound")
        }
        return {"event_id": event.data.entry_event_id, by: (*left[by], element), other: left[other]}

    return fold


def _value_said(known: Known, event: Envelope[Any]) -> dict[str, Any]:
    """A dictionary with one value more, another value of its code, or one value less."""
    value = getattr(event.data, "value", None)
    code = (value or event.data.before).code
    left = [other for other in known.get("values", ()) if other.code != code]
    return {"values": tuple(sorted([*left, *([value] if value else [])], key=lambda each: each.place))}


_OF_BOTH: Final[Mapping[type[Event], Fold]] = {
    **dict.fromkeys(
        (clients.RequisiteCreated, clients.RequisiteChanged, clients.RequisiteDeleted), _says("requisites")
    ),
    clients.ClientMergeRequested: lambda _, event: _touched(event),
}


def _vanished(fields: type[Fields]) -> dict[str, Any]:
    """What was known is gone; the record stays, so that its id is never used again."""
    blank = {name: info.get_default(call_default_factory=True) for name, info in fields.model_fields.items()}
    links = {"companies": ()} if fields is contacts.ContactFields else {}
    return {**blank, **links, "requisites": ()}


def _ended(fields: type[Fields]) -> Fold:
    gone = {**_vanished(fields), "originator_id": None, "origin_id": None}

    def fold(_: Known, event: Envelope[Any]) -> dict[str, Any]:
        return {**gone, "deleted_at": event.time, **_touched(event)}

    return fold


def _replaced(fields: type[Fields]) -> Fold:
    gone = _vanished(fields)

    def fold(_: Known, event: Envelope[Any]) -> dict[str, Any]:
        return {**gone, "merged_into": event.data.survivor.id, "deleted_at": event.time, **_touched(event)}

    return fold


def _merged(*names: str) -> Fold:
    said = _says(*names)

    def fold(known: Known, event: Envelope[Any]) -> dict[str, Any]:
        return _corrected(known, event) | said(known, event)

    return fold


FOLDS: Final[Mapping[type[Aggregate], Mapping[type[Event], Fold]]] = {
    Lead: {
        leads.LeadCreated: _lead_created,
        leads.LeadUpdated: _corrected,
        leads.LeadStageChanged: _moved,
        leads.LeadProductRowsChanged: _sold,
        leads.LeadClientChanged: _client_changed("is_repeat"),
        leads.LeadContactsAttached: _says("client"),
        leads.LeadCompanyUnlinked: _says("client", "is_repeat"),
        conversions.LeadConversionRequested: _conversion_requested,
        conversions.LeadDealRequested: _deal_requested,
        conversions.LeadConverted: _converted,
        conversions.LeadConversionRefused: _conversion_refused,
    },
    Deal: {
        deals.DealCreated: _deal_created,
        deals.DealUpdated: _corrected,
        deals.DealStageChanged: _deal_moved,
        deals.DealProductRowsChanged: _sold,
        deals.DealClientChanged: _client_changed(),
        deals.DealContactsAttached: _says("client"),
        deals.DealCompanyUnlinked: _says("client"),
        deals.DealRequisitesChosen: _requisites_chosen,
    },
    Refusal: {deal_answers.LeadDealRefused: _deal_refused},
    Contact: {
        contacts.ContactCreated: _created("contact"),
        contacts.ContactUpdated: _corrected,
        contacts.ContactLinked: _says("companies"),
        contacts.ContactUnlinked: _says("companies"),
        contacts.ContactDeleted: _ended(contacts.ContactFields),
        contacts.ContactReplaced: _replaced(contacts.ContactFields),
        contacts.ContactMerged: _merged("companies", "requisites"),
        **_OF_BOTH,
    },
    Company: {
        companies.CompanyCreated: _created("company"),
        companies.CompanyUpdated: _corrected,
        companies.CompanyDeleted: _ended(companies.CompanyFields),
        companies.CompanyReplaced: _replaced(companies.CompanyFields),
        companies.CompanyMerged: _merged("requisites"),
        **_OF_BOTH,
    },
    Resolution: {client_answers.LeadClientResolved: _resolved, client_answers.LeadClientRefused: _resolved},
    Product: {products.ProductCreated: _created("product"), products.ProductUpdated: _corrected},
    Dictionary: dict.fromkeys(
        (dictionaries.DictionaryValueCreated, dictionaries.DictionaryValueUpdated, dictionaries.DictionaryValueDeleted),
        _value_said,
    ),
    Bindings: {
        timeline.TimelineEntryBound: _bound("bound", "unbound"),
        timeline.TimelineEntryUnbound: _bound("unbound", "bound"),
    },
}
"""What each event means to the aggregate that says it."""

ANSWERS: Final = (
    client_answers.ElementContactsResolved,
    client_answers.ElementCompanyRefused,
    client_answers.ElementRequisitesConfirmed,
    client_answers.ElementRequisitesRefused,
    deal_answers.LeadDealConfirmed,
)
"""Events that no aggregate ever says: answers that change no state."""

_COUNTERS: Final = {
    "version": "counts writes, also those that say nothing",
    "sequence": "an invariant of its own",
}
BOOKKEEPING: Final = {**_COUNTERS, "deleted_at": "nothing of its kind is deleted yet"}

NOT_CARRIED: Final[Mapping[type[Aggregate], Mapping[str, str]]] = {
    **dict.fromkeys((Deal, Product), BOOKKEEPING),
    **{
        client: {**_COUNTERS, "merging": "copies of others, until they are taken over"} for client in (Contact, Company)
    },
    **{aggregate: {**BOOKKEEPING, "id": "the record's key"} for aggregate in (Refusal, Dictionary, Bindings)},
    Lead: {
        **BOOKKEEPING,
        "was_repeat": "only remembers what a refused link must not change",
        "conversion.draft": "frozen at the start; the question to deals has it with the client filled in",
        "conversion.duplicates": "the clients service says them",
    },
    Resolution: {
        **BOOKKEEPING,
        "id": "the record's key",
        "on_duplicate": "the question says it",
        "decision": "only its outcome is said",
        "decided_at": "only its outcome is said",
        "answered_to": "the answer's cause, which is the cause of the one write that says it",
    },
}
"""Fields that cannot be rebuilt, each with the reason; all others are."""

SPEAKERS: Final[Mapping[type[Event], type[Aggregate]]] = {
    event: aggregate for aggregate, folds in FOLDS.items() for event in folds
}
"""Which aggregate says an event, where it has a sequence; where two say it alike, any of them."""


def subject_of(event: Envelope[Event]) -> str:
    """Who says an event that has a sequence, as findings name it."""
    owner = getattr(event.data, "owner", None) or getattr(event.data, "survivor", None)
    noun = owner.type if owner else SPEAKERS[type(event.data)].__name__.lower()
    return f"{noun}:{event.subject}"


def fold(known: Known, event: Envelope[Event]) -> dict[str, Any]:
    """What is different after the event of an aggregate."""
    said = type(event.data)
    return FOLDS[SPEAKERS[said]][said](known, event)
