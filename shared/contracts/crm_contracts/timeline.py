"""What the timeline service says, on `crm.timeline.events`."""

from typing import ClassVar

from pydantic import Field

from crm_contracts.envelope import Event
from crm_contracts.values import ElementRef


class TimelineEntryBound(Event):
    """An entry shows in one more element's timeline (TL-05)."""

    ce_type: ClassVar[str] = "crm.timeline.entry_bound.v1"
    entry_event_id: str = Field(description="id of the event that the entry tells of")
    element: ElementRef


class TimelineEntryUnbound(Event):
    """An entry no longer shows in an element's timeline (TL-05)."""

    ce_type: ClassVar[str] = "crm.timeline.entry_unbound.v1"
    entry_event_id: str = Field(description="id of the event that the entry tells of")
    element: ElementRef
