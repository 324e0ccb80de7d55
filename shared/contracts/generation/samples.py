"""Generate the sample of an event: one occurrence, with headers, key and data as a consumer sees them."""

import json
from collections.abc import Mapping
from typing import Any, Final

from crm_contracts import registry
from crm_contracts.client_answers import LeadClientFound, LeadClientRefused, LeadClientResolved
from crm_contracts.clients import ClientMergeRequested
from crm_contracts.deal_answers import LeadDealConfirmed, LeadDealRefused
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Answer, Created, ElementAnswer, ElementEvent
from crm_contracts.repeat_leads import LeadClientSought
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound

from generation.examples import example_of
from generation.references import derived_id, id_of
from generation.schemas import json_text
from generation.words import NOON, TOGETHER

_STORED_ANSWERS: Final[Mapping[type[Event], str]] = {
    LeadClientResolved: "resolution",
    LeadClientRefused: "resolution",
    LeadDealRefused: "refusal",
}
"""Answers that an aggregate of their own keeps, which gives them a sequence."""

_SUBJECTS: Final[Mapping[type[Event], str]] = {
    **_STORED_ANSWERS,
    LeadClientSought: "lead",
    LeadClientFound: "lead",
    LeadDealConfirmed: "deal",
    TimelineEntryBound: "entry_event",
    TimelineEntryUnbound: "entry_event",
}
"""The aggregate whose id is the key, where the event is not in the history of an element."""


def sample_text(event: type[Event]) -> str:
    """Return one occurrence of an event, the same at every run."""
    noun = event.ce_type.split(".")[1]
    is_answer = issubclass(event, Answer)
    data = event.model_validate({**example_of(event, noun), **_together(event, noun)})
    subject = _subject(data)
    is_first = issubclass(event, Created) or event in _STORED_ANSWERS
    envelope = Envelope(
        id=derived_id(event.ce_type),
        source=f"/crm/{registry.TOPICS[event][-1].split('.')[1]}",
        subject=subject,
        time=NOON,
        data=data,
        correlation_id="0199f2a4-0000-7000-8000-0000000c0a1e",
        actor="user:anna",
        sequence=None if is_answer and event not in _STORED_ANSWERS else 1 if is_first else 2,
        causation_id="0199f2a4-0000-7000-8000-00000000ca5e"
        if is_answer or event in {*_SUBJECTS, ClientMergeRequested}
        else None,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    return json_text({"headers": envelope.headers(), "key": subject, "data": json.loads(envelope.body())})


def _subject(data: Event) -> str:
    """Return the id of the aggregate that published the event."""
    noun = _SUBJECTS.get(type(data))
    if noun is None and isinstance(data, ElementEvent | ElementAnswer):
        return data.element.id
    subject = id_of(noun or "")
    if subject is None:
        message = f"{type(data).__name__}: no id of {noun}; list the event in _SUBJECTS, and its noun in references"
        raise KeyError(message)
    return subject


def _together(event: type[Event], noun: str) -> dict[str, Any]:
    """Merge the values of an event and its base classes; the event itself has the last word."""
    found: dict[str, Any] = {}
    for base in reversed(event.__mro__):
        if base in TOGETHER:
            found |= TOGETHER[base](noun)
    return found
