"""What goes in and out of the timeline API."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Self, get_args

from crm_contracts.values import ElementRef, ElementType
from pydantic import BaseModel, Field, StringConstraints

from services.timeline.domain.rebuild import Comparison, Rebuild, State
from shared.kit.web.schemas import Input

Element = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(get_args(ElementType))}):.{{1,190}}$")]
"""An element such as `deal:0199f2a4-…`."""


def ref_of(element: str) -> ElementRef:
    """The pointer that a checked text means."""
    kind, _, id_ = element.partition(":")
    return ElementRef.model_validate({"type": kind, "id": id_})


class BindingIn(Input):
    """An element to bind an entry to."""

    element: Element


class BindingsOut(BaseModel):
    """The elements in whose timelines an entry shows."""

    event_id: str
    elements: list[ElementRef]


class TopicRead(BaseModel):
    """How far a topic was read, in records."""

    topic: str
    read: int
    total: int


class RebuildOut(BaseModel):
    """How far a rebuild is, and what it found; `comparison` is null until it has been made."""

    id: str
    state: State
    read: int = Field(description="records read so far")
    total: int = Field(description="records to be read; 0 until that is known")
    topics: list[TopicRead]
    unreadable: int = Field(description="records that are no events, which the live service parks")
    unknown: int = Field(description="events of a type not known here")
    untold: int = Field(description="events that cannot be told, which the live service parks")
    comparison: Comparison | None
    requested_by: str
    requested_at: datetime
    accepted_by: str | None
    reason: str | None = Field(description="why it failed")
    ended_at: datetime | None

    @classmethod
    def of(cls, rebuild: Rebuild) -> Self:
        """As it stands."""
        read, total = Counter[str](), Counter[str]()
        for place in rebuild.places:
            read[place.topic] += place.next - place.start
            total[place.topic] += place.end - place.start
        topics = [TopicRead(topic=topic, read=read[topic], total=total[topic]) for topic in sorted(total)]
        given = {name: getattr(rebuild, name) for name in cls.model_fields if name != "topics"}
        return cls(topics=topics, **given)
