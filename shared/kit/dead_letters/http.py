"""The operator's way in, under a permission of its own: to look at a dead letter is to see personal data.

The surprise: contents are given as the text they are, never as parsed JSON. Most of what is parked is there because
something about it is odd, and an answer must be possible whatever it is.
"""

import base64
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.kit.dead_letters.service import DeadLetterService
from shared.kit.messaging.log_reader import Record
from shared.kit.storage.documents import Document
from shared.kit.web.call import Call, reads, writes
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Input, Limit, Page

State = Literal["open", "replayed", "discarded"]
Filter = Annotated[str | None, Query(max_length=249)]


class Original(BaseModel):
    """Where the service heard the record."""

    topic: str
    partition: int
    offset: int
    at: datetime | None


class Action(BaseModel):
    """Something that was done about it.

    `outcome` of a replay: `done` (handled now, or recognised as handled before), `gone` (what it is about has been
    deleted), `passed_over` (nothing reacts to its type), `failed`, `postponed`; null while it runs, or if it died.
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
    topic: str = Field(description="where the service heard it")
    type: str | None
    event_id: str | None
    correlation_id: str | None
    key: str | None
    reason: str
    message: str
    attempts: int
    parked_at: datetime
    truncated: bool = Field(description="it was too large to be parked and stands only in its topic")
    original: Original | None


class WithHistory(DeadLetter):
    """With everything that was done about it, oldest first."""

    history: list[Action]


class Content(BaseModel):
    """Bytes: as text where they are UTF-8, else in base64."""

    encoding: Literal["utf-8", "base64"]
    text: str


class Header(BaseModel):
    """A header of the record; names may repeat."""

    name: str
    value: Content | None


class Heard(BaseModel):
    """The record as the service heard it."""

    key: Content | None
    value: Content | None
    headers: list[Header]


class WithRecord(WithHistory):
    """With the record itself, null where the log does not hold it any more."""

    record: Heard | None


class Discarding(Input):
    """Why it needs no handling."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


def build_dead_letters(service: str, desk: DeadLetterService) -> APIRouter:
    """List, show, replay, discard."""
    permission = f"{service}:dead-letters"
    routes = router()
    routes.tags = ["dead letters"]

    @routes.get("/dead-letters", dependencies=[reads(permission)])
    async def list_dead_letters(
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
        state: State | None = None,
        type: Filter = None,  # noqa: A002
        reason: Filter = None,
        topic: Filter = None,
    ) -> Page[DeadLetter]:
        """Records that the service could not handle, newest first; `topic` is the one it heard."""
        filters = {"state": state, "type": type, "reason": reason, "topic": topic}
        found, more = await desk.register.page(filters, limit=limit, cursor=cursor)
        return Page(items=[DeadLetter(**_shown(entry)) for entry in found], next_cursor=more)

    @routes.get("/dead-letters/{id}", dependencies=[reads(permission)])
    async def show_dead_letter(id: str) -> WithRecord:  # noqa: A002
        """One of them, with its history and the record itself."""
        entry = await desk.register.get(id)
        return WithRecord(**_shown(entry), record=_heard(await desk.record(entry)))

    @routes.post("/dead-letters/{id}/replay")
    async def replay_dead_letter(
        id: str,  # noqa: A002
        call: Annotated[Call, writes(permission)],
    ) -> WithHistory:
        """Handle it once more, in this service alone. Its last action says how that ended."""
        return WithHistory(**_shown(await desk.replay(id, by=call.caller.actor)))

    @routes.post("/dead-letters/{id}/discard")
    async def discard_dead_letter(
        id: str,  # noqa: A002
        body: Discarding,
        call: Annotated[Call, writes(permission)],
    ) -> WithHistory:
        """It needs no handling; it stays on record with the reason."""
        return WithHistory(**_shown(await desk.discard(id, by=call.caller.actor, reason=body.reason)))

    return routes


def _shown(entry: Document) -> dict[str, Any]:
    return {**entry, "id": entry["_id"]}


def _heard(record: Record | None) -> Heard | None:
    if record is None:
        return None
    headers = [Header(name=name, value=_content(value)) for name, value in record.headers]
    return Heard(key=_content(record.key), value=_content(record.value), headers=headers)


def _content(data: bytes | None) -> Content | None:
    if data is None:
        return None
    try:
        return Content(encoding="utf-8", text=data.decode())
    except UnicodeDecodeError:
        return Content(encoding="base64", text=base64.b64encode(data).decode())
