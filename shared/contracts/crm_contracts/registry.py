"""From a Kafka record to a typed event.

A type that this version does not know is not an error but `None`: the CRM publishes new types before every consumer has
upgraded.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from crm_contracts import (
    client_answers,
    clients,
    companies,
    contacts,
    conversions,
    deal_answers,
    deals,
    departments,
    dictionaries,
    leads,
    pipelines,
    products,
    recurrences,
    repeat_leads,
    roles,
    settings,
    timeline,
    topics,
)
from crm_contracts.envelope import Envelope, Event, MalformedEvent, header_texts, read_envelope


def _published(modules: Iterable[ModuleType]) -> list[type[Event]]:
    """Event classes that these modules define; those that they merely import belong to others."""
    return [
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Event)
        and thing.__module__ == module.__name__
        and "ce_type" in vars(thing)
    ]


PUBLISHED: Mapping[str, Sequence[type[Event]]] = {
    topics.LEADS: _published((leads, conversions, repeat_leads, dictionaries, settings)),
    topics.DEALS: _published((deals, deal_answers, pipelines, recurrences)),
    topics.CLIENTS: _published((contacts, companies, clients, client_answers)),
    topics.CATALOG: _published((products, dictionaries, roles, departments)),
    topics.TIMELINE: _published((timeline,)),
}
"""By topic, the events that its service publishes."""

EVENTS: Mapping[str, type[Event]] = {event.ce_type: event for events in PUBLISHED.values() for event in events}
"""Every event class by its wire name."""

TOPICS: Mapping[type[Event], Sequence[str]] = {
    event: tuple(topic for topic, events in PUBLISHED.items() if event in events) for event in EVENTS.values()
}
"""The topics on which each event is published: one, but for the values of dictionaries, which two services have."""


def parse(
    headers: Mapping[str, Any] | Iterable[tuple[str, bytes | None]], body: bytes | None
) -> Envelope[Event] | None:
    """Parse the event in a record; return None where its type is not known here.

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
    """Return the committed JSON Schema of an event's data, as text."""
    return files("crm_contracts").joinpath("schemas", f"{ce_type}.json").read_text()


def sample_of(ce_type: str) -> str:
    """Return the committed sample of an event, JSON text with `headers`, `key` and `data`."""
    return files("crm_contracts").joinpath("samples", f"{ce_type}.json").read_text()
