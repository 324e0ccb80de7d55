"""How the entries of one event are stored: in one document, in which an index finds each of its elements (0047).

    _id         of the event; beside it what all its entries share
    elements    one for each timeline that shows it, in the order of `ref`: {ref, kind, line, place, title, bound}
    lines       texts with their payloads, each stored once however many elements have it: {text, payload}
    survivor    of a merge: the element whose timeline includes those of the others from then on

What is 0, false or absent is left out. `line` is a position in `lines`; the first line is that of the element which the
event is about.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from services.timeline.entry.domain.entry import BindingOverride, Entry, entry_id, service_of
from services.timeline.entry.domain.narration.line import MERGED
from services.timeline.entry.domain.narration.narrator import narrate
from shared.kit.storage.documents import Document, Filter, Update


def document_of(event: Envelope[Event]) -> Document:
    """Return the document of an event's entries; it follows from that one event alone."""
    document: Document = {
        "_id": event.id,
        "occurred_at": event.time,
        "actor": event.actor,
        "service": service_of(event),
        "type": event.type,
        "correlation_id": event.correlation_id,
    }
    if event.causation_id is not None:
        document["causation_id"] = event.causation_id
    elements: list[Document] = []
    lines: list[Document] = []
    for place, line in enumerate(narrate(event)):
        told = {"text": line.text, "payload": line.payload} if line.payload else {"text": line.text}
        if not lines or lines[-1] != told:
            lines.append(told)
        elements.append(_element(line.element, line.kind, line=len(lines) - 1, place=place))
        if MERGED in line.payload:
            document["survivor"] = str(line.element)
    elements.sort(key=itemgetter("ref"))
    return {**document, "elements": elements, "lines": lines}


def _element(element: ElementRef, kind: str, *, line: int, place: int) -> Document:
    stored: Document = {"ref": f"{element.type}:{element.id}", "kind": kind}
    if line:
        stored["line"] = line
    if place:
        stored["place"] = place
    if element.title is not None:
        stored["title"] = element.title
    return stored


def binding_of(document: Document, element: ElementRef) -> tuple[Filter, Update]:
    """Return the change that shows a stored event on one more element, as on the element that it is about (TL-05).

    Bindings may be stored in any order, and more than once: the document comes out the same. The title is left out,
    because of several bindings of one element each may have another.
    """
    subject = next(each for each in document["elements"] if not each.get("place") and not each.get("bound"))
    ref = str(element)
    bound = {"ref": ref, "kind": subject["kind"], "bound": True}
    where = {"_id": document["_id"], "elements.ref": {"$ne": ref}}
    return where, {"$push": {"elements": {"$each": [bound], "$sort": {"ref": 1}}}}


def entries_in(document: Document) -> list[Entry]:
    """Read the entries of an event, in the order of their elements."""
    return [entry_in(document, element) for element in document["elements"]]


def entry_in(document: Document, element: Mapping[str, Any]) -> Entry:
    """Read the entry of one of the document's `elements`."""
    type_, _, id_ = element["ref"].partition(":")
    ref = ElementRef(type=type_, id=id_, title=element.get("title"))
    line = document["lines"][element.get("line", 0)]
    return Entry(
        id=entry_id(document["_id"], ref),
        event_id=document["_id"],
        element=ref,
        kind=element["kind"],
        text=line["text"],
        payload=line.get("payload", {}),
        place=element.get("place", 0),
        bound_by_hand=element.get("bound", False),
        occurred_at=document["occurred_at"],
        actor=document["actor"],
        service=document["service"],
        type=document["type"],
        correlation_id=document["correlation_id"],
        causation_id=document.get("causation_id"),
    )


def override_document(override: BindingOverride) -> Document:
    """Return the document of a binding override."""
    document = override.model_dump()
    document["_id"] = document.pop("id")
    return document


def override_in(document: Document) -> BindingOverride:
    """Read a binding override."""
    return BindingOverride.model_validate({**document, "id": document["_id"]})
