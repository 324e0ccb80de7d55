"""One line in the timeline of one element, and the mark that a hand left on it.

The surprise: its id is the event's id and the element, so telling the same event twice is telling it once.
"""

from datetime import datetime
from typing import Any, Final, Self

from crm_contracts.envelope import Envelope, Event
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound
from crm_contracts.values import ElementRef, Value
from pydantic import Field

from services.timeline.domain.narration import Line

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
        """The entry that a line of the narration makes."""
        return cls(
            id=entry_id(event.id, line.element),
            event_id=event.id,
            element=line.element,
            kind=line.kind,
            text=line.text,
            payload=line.payload,
            occurred_at=event.time,
            actor=event.actor,
            service=event.source.rpartition("/")[2] or UNKNOWN_SERVICE,
            type=event.type,
            correlation_id=event.correlation_id,
            causation_id=event.causation_id,
            place=place,
        )

    def bound_to(self, element: ElementRef) -> Self:
        """The same entry in another element's timeline (TL-05)."""
        changed = {"id": entry_id(self.event_id, element), "element": element, "bound_by_hand": True}
        return self.model_copy(update=changed)


class Mark(Value):
    """An entry was bound to an element by hand, or unbound from it; of several the highest sequence counts (TL-05)."""

    id: str = Field(description="of the event that says so")
    entry_id: str
    event_id: str = Field(description="of the event that the entry tells of")
    element: ElementRef
    sequence: int
    shown: bool

    @classmethod
    def of(cls, event: Envelope[Event]) -> Self | None:
        """The mark that an event makes; most make none."""
        said = event.data
        if not isinstance(said, TimelineEntryBound | TimelineEntryUnbound):
            return None
        return cls(
            id=event.id,
            entry_id=entry_id(said.entry_event_id, said.element),
            event_id=said.entry_event_id,
            element=said.element,
            sequence=event.sequence or 0,
            shown=isinstance(said, TimelineEntryBound),
        )


def entry_id(event_id: str, element: ElementRef) -> str:
    """One entry per event and element."""
    return f"{event_id}:{element.type}:{element.id}"
