"""Answer models of rebuilds."""

from collections import Counter
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from services.timeline.rebuild.domain import Comparison, Rebuild, State


class TopicRead(BaseModel):
    """Progress in a topic, in records."""

    topic: str
    read: int
    total: int


class RebuildOut(BaseModel):
    """Progress and result of a rebuild; `comparison` is null until it has been made."""

    id: str
    state: State
    read: int = Field(description="records read so far")
    total: int = Field(description="records to be read; 0 until that is known")
    topics: list[TopicRead]
    unreadable: int = Field(description="records that are no events, which the live service dead-letters")
    unknown: int = Field(description="events of a type not known here")
    untold: int = Field(description="events that cannot be projected, which the live service dead-letters")
    comparison: Comparison | None
    requested_by: str
    requested_at: datetime
    accepted_by: str | None
    reason: str | None = Field(description="why it failed")
    ended_at: datetime | None

    @classmethod
    def of(cls, rebuild: Rebuild) -> Self:
        """Show the rebuild as it is now."""
        read, total = Counter[str](), Counter[str]()
        for place in rebuild.places:
            read[place.topic] += place.next - place.start
            total[place.topic] += place.end - place.start
        topics = [TopicRead(topic=topic, read=read[topic], total=total[topic]) for topic in sorted(total)]
        given = {name: getattr(rebuild, name) for name in cls.model_fields if name != "topics"}
        return cls(topics=topics, **given)
