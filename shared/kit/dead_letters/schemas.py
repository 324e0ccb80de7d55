"""Requests and answers of the dead-letter API; the names of these classes are on the wire.

Contents are returned as text and never as parsed JSON: most dead letters are malformed in some way, and each must be
readable.
"""

import base64
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.kit.messaging.records import Record
from shared.kit.web.schemas import Input

State = Literal["open", "replayed", "discarded"]


class Original(BaseModel):
    """Coordinates of the record in its own topic."""

    topic: str
    partition: int
    offset: int
    at: datetime | None


class Action(BaseModel):
    """One entry of the history.

    `outcome` of a replay: `done` (handled now, or recognised as handled before), `gone` (its subject was deleted),
    `passed_over` (no reaction to its type), `failed`, `postponed`; null while it runs, or if it died.
    """

    action: Literal["parked", "replay", "discard"]
    by: str
    at: datetime
    outcome: str | None
    reason: str | None = Field(description="the error's code, or why it was discarded")


class DeadLetter(BaseModel):
    """A record that the service could not handle; `reason` and `message` are those of the newest attempt."""

    model_config = ConfigDict(extra="ignore")

    id: str
    state: State
    topic: str = Field(description="the topic that the service consumed it from")
    type: str | None
    event_id: str | None
    correlation_id: str | None
    key: str | None
    reason: str
    message: str
    attempts: int
    parked_at: datetime
    truncated: bool = Field(description="it was too large for the dead-letter topic and is in its own topic only")
    original: Original | None


class WithHistory(DeadLetter):
    """A dead letter with its history, oldest first."""

    history: list[Action]


class Content(BaseModel):
    """Bytes: as text where they are UTF-8, else in base64."""

    encoding: Literal["utf-8", "base64"]
    text: str

    @classmethod
    def of(cls, data: bytes | None) -> Self | None:
        """Convert bytes."""
        if data is None:
            return None
        try:
            return cls(encoding="utf-8", text=data.decode())
        except UnicodeDecodeError:
            return cls(encoding="base64", text=base64.b64encode(data).decode())


class Header(BaseModel):
    """A header of the record; names may repeat."""

    name: str
    value: Content | None


class Heard(BaseModel):
    """The record as the service consumed it."""

    key: Content | None
    value: Content | None
    headers: list[Header]

    @classmethod
    def of(cls, record: Record | None) -> Self | None:
        """Convert a record."""
        if record is None:
            return None
        headers = [Header(name=name, value=Content.of(value)) for name, value in record.headers]
        return cls(key=Content.of(record.key), value=Content.of(record.value), headers=headers)


class WithRecord(WithHistory):
    """A dead letter with its record, null where the log no longer has it."""

    record: Heard | None


class Discarding(Input):
    """The reason to discard it."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
