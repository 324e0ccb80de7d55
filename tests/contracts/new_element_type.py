"""Registers an element type, generates its samples, and verifies a quote by them; prints what came of it.

It runs in an interpreter of its own, because a type belongs into the registries before anything reads them.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from crm_contracts import registry
from crm_contracts.client_answers import ElementContactsResolved
from crm_contracts.envelope import Envelope, Event

from tests.builders.quotes import QUOTE_EVENTS, QuoteContactsAttached, register_quotes

LATER = datetime(2027, 1, 1, tzinfo=UTC)
Document = dict[str, Any]


def main() -> None:
    register_quotes()
    generate = import_module("generation.samples").sample_text
    samples = {event.ce_type: json.loads(generate(event)) for event in QUOTE_EVENTS}
    history = [occurrence(sample, number) for number, sample in enumerate(samples.values(), start=1)]
    *alive, _ = history
    quote = rebuilt(alive)
    company = {**sampled("company"), "deleted_at": LATER}
    report = {
        "samples": samples,
        "as its events say": findings(alive, quote=quote),
        "other fields": findings(alive, quote={**quote, "title": "forged", "is_signed": False}),
        "other client": findings(alive, quote={**quote, "client": {"link_no": 7}}),
        "an event more": findings(alive, quote={**quote, "sequence": 11}),
        "deleted company": findings(alive, quote=quote, company=company),
        "deleted": findings(history, quote=rebuilt(history)),
        "deleted, not emptied": findings(history, quote={**quote, "sequence": 11}),
    }
    sys.stdout.write(json.dumps(report))


def occurrence(sample: Document, sequence: int) -> Envelope[Event]:
    headers = {**sample["headers"], "ce_id": f"e{sequence}", "ce_sequence": str(sequence)}
    event = registry.parse(headers, json.dumps(sample["data"]).encode())
    assert event is not None
    return event


def rebuilt(events: Sequence[Envelope[Event]]) -> Document:
    """The document that these events tell of."""
    quote: Document = {"_id": events[0].subject, "sequence": len(events)}
    for event in events:
        quote.update(import_module("deploy.verify.rebuilt").fold(quote, event))
    return quote


def sampled(noun: str) -> Document:
    """A contact or a company that exists."""
    state: Document = json.loads(registry.sample_of(f"crm.{noun}.created.v1"))["data"][noun]
    return {**state, "_id": state["id"], "sequence": 0}


def answer_to(attached: QuoteContactsAttached) -> Envelope[Event]:
    """What clients must have answered."""
    client = attached.client
    assert client.company is not None
    contacts = tuple(link.ref for link in client.contacts)
    data = ElementContactsResolved(
        element=attached.element, link_no=client.link_no, company=client.company, contacts=contacts
    )
    return Envelope("answer", "/crm/clients", "answer", LATER, data, "chain-1", "user:anna")


def findings(events: Sequence[Envelope[Event]], **documents: Document) -> list[str]:
    """What the invariants find that know elements of every type."""
    aggregates = import_module("deploy.verify.aggregates").AGGREGATES
    stored = import_module("deploy.verify.invariant").Stored
    invariants = [
        import_module("deploy.verify.state").State(),
        import_module("deploy.verify.sequences").Sequences(),
        import_module("deploy.verify.links").Links(now=LATER, patience=timedelta(minutes=1)),
        import_module("deploy.verify.removed_clients").RemovedClients(),
    ]
    answers = [answer_to(event.data) for event in events if isinstance(event.data, QuoteContactsAttached)]
    for invariant in invariants:
        for event in (*events, *answers):
            invariant.take_event(event)
        for noun, document in {"contact": sampled("contact"), "company": sampled("company"), **documents}.items():
            invariant.take_document(stored(aggregates[noun], document))
    return [f"{finding.invariant}: {finding.detail}" for each in invariants for finding in each.broken()]


if __name__ == "__main__":
    main()
