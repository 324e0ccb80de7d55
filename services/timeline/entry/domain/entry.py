"""Entries of the timeline, and the overrides that binding them by hand makes.

The id of an entry is the event's id and the element, so projecting an event twice gives the same entries.
"""

from datetime import datetime
from typing import Any, Final, Self

from crm_contracts.envelope import Envelope, Event
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound
from crm_contracts.values import ElementRef, Value
from pydantic import Field

from services.timeline.entry.domain.narration.line import Line
from services.timeline.entry.domain.narration.narrator import narrate

UNKNOWN_SERVICE: Final = "unknown"


class Entry(Value):
    """What an event means to one element (TL-01); everything in it comes from that one event."""

    id: str
    event_id: str
    element: ElementRef
    kind: str
    text: str
    payload: dict[str, Any]
    occurred_at: datetime
    actor: str
    service: str
    type: str
    correlation_id: str
    causation_id: str | None = None
    place: int = Field(default=0, description="among the entries of its event; 0 is the element the event is about")
    bound_by_hand: bool = False

    @classmethod
    def of(cls, event: Envelope[Event], line: Line, place: int) -> Self:
        """Make the entry of one line of the narration."""
        return cls(
            id=entry_id(event.id, line.element),
            event_id=event.id,
            element=line.element,
            kind=line.kind,
            text=line.text,
            payload=line.payload,
            occurred_at=event.time,
            actor=event.actor,
            service=service_of(event),
            type=event.type,
            correlation_id=event.correlation_id,
            causation_id=event.causation_id,
            place=place,
        )


class BindingOverride(Value):
    """An entry bound to an element by hand, or unbound from it; of several the highest sequence counts (TL-05)."""

    id: str = Field(description="of the event that binds or unbinds")
    event_id: str = Field(description="of the event that the entry is made of")
    element: ElementRef
    sequence: int
    shown: bool

    @classmethod
    def of(cls, event: Envelope[Event]) -> Self | None:
        """Make the override of an event that binds or unbinds an entry, None for any other event."""
        data = event.data
        if not isinstance(data, TimelineEntryBound | TimelineEntryUnbound):
            return None
        return cls(
            id=event.id,
            event_id=data.entry_event_id,
            element=data.element,
            sequence=event.sequence or 0,
            shown=isinstance(data, TimelineEntryBound),
        )

    @property
    def entry_id(self) -> str:
        """The entry that is bound or unbound."""
        return entry_id(self.event_id, self.element)


def entries_of(event: Envelope[Event]) -> list[Entry]:
    """Return the entries of an event; the first is of the element that it is about."""
    return [Entry.of(event, line, place) for place, line in enumerate(narrate(event))]


def service_of(event: Envelope[Event]) -> str:
    """Return the name of the service that published the event."""
    return event.source.rpartition("/")[2] or UNKNOWN_SERVICE


def entry_id(event_id: str, element: ElementRef) -> str:
    """Return the id of the entry of an event and an element."""
    return f"{event_id}:{element.type}:{element.id}"
