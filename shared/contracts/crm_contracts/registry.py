"""From a Kafka record to a typed event.

The surprise: a type that this version does not know is not an error but `None`, because the CRM publishes new
types before every reader has heard of them.
"""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from crm_contracts import catalog, clients, deals, leads, timeline, topics
from crm_contracts.envelope import Envelope, Event, MalformedEvent, header_texts, read_envelope


def _spoken(module: ModuleType) -> list[type[Event]]:
    return [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Event) and thing is not Event
    ]


SPEAKERS: Mapping[str, ModuleType] = {
    topics.LEADS: leads,
    topics.DEALS: deals,
    topics.CLIENTS: clients,
    topics.CATALOG: catalog,
    topics.TIMELINE: timeline,
}

EVENTS: Mapping[str, type[Event]] = {event.ce_type: event for module in SPEAKERS.values() for event in _spoken(module)}
"""Every event class by its wire name."""

TOPICS: Mapping[type[Event], str] = {event: topic for topic, module in SPEAKERS.items() for event in _spoken(module)}
"""The topic on which each event is published."""


def parse(
    headers: Mapping[str, Any] | Iterable[tuple[str, bytes | None]], body: bytes | None
) -> Envelope[Event] | None:
    """The event in a record, or None where its type is not known here.

    Args:
        headers: as the Kafka client gives them, pairs or a mapping.
        body: the record's value.

    Raises:
        MalformedEvent: the record names no type, or one that is known but cannot be read.
    """
    texts = header_texts(headers)
    ce_type = texts.get("ce_type")
    if not ce_type:
        message = "missing header ce_type"
        raise MalformedEvent(message)
    event = EVENTS.get(ce_type)
    if event is None:
        return None
    try:
        data = event.model_validate_json(body or b"")
    except ValidationError as error:
        places = ", ".join(".".join(map(str, problem["loc"])) or problem["type"] for problem in error.errors()[:5])
        message = f"{ce_type} cannot be read: {places}"
        raise MalformedEvent(message) from error
    return read_envelope(texts, data)


def schema_of(ce_type: str) -> str:
    """The committed JSON Schema of an event's data, as text."""
    return files("crm_contracts").joinpath("schemas", f"{ce_type}.json").read_text()


def sample_of(ce_type: str) -> str:
    """The committed sample of an event, JSON text with `headers`, `key` and `data`."""
    return files("crm_contracts").joinpath("samples", f"{ce_type}.json").read_text()
