"""HTTP API of dead letters, under a permission of its own, because records hold personal data."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from shared.kit.dead_letters.schemas import DeadLetter, Discarding, Heard, State, WithHistory, WithRecord
from shared.kit.dead_letters.service import DeadLetterService
from shared.kit.storage.documents import Document
from shared.kit.web.call import Call, needs
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page

Filter = Annotated[str | None, Query(max_length=249)]


def build_dead_letters(service: str, dead_letters: DeadLetterService) -> APIRouter:
    """Build the endpoints."""
    routes = router()
    routes.tags = ["dead letters"]
    _add_reads(routes, f"{service}:dead-letters", dead_letters)
    _add_actions(routes, f"{service}:dead-letters", dead_letters)
    return routes


def _add_reads(routes: APIRouter, permission: str, dead_letters: DeadLetterService) -> None:
    @routes.get("/dead-letters", dependencies=[needs(permission)])
    async def list_dead_letters(
        *,
        limit: Limit = 50,
        cursor: Cursor = None,
        state: State | None = None,
        type: Filter = None,  # noqa: A002
        reason: Filter = None,
        topic: Filter = None,
    ) -> Page[DeadLetter]:
        """List records that the service could not handle, newest first; `topic` is the one it consumes."""
        filters = {"state": state, "type": type, "reason": reason, "topic": topic}
        found, more = await dead_letters.store.page(filters, limit=limit, cursor=cursor)
        return Page(items=[DeadLetter(**_shown(entry)) for entry in found], next_cursor=more)

    @routes.get("/dead-letters/{dead_letter_id}", dependencies=[needs(permission)])
    async def show_dead_letter(dead_letter_id: str) -> WithRecord:
        """Show a dead letter with its history and the record itself."""
        entry = await dead_letters.store.get(dead_letter_id)
        return WithRecord(**_shown(entry), record=Heard.of(await dead_letters.record(entry)))


def _add_actions(routes: APIRouter, permission: str, dead_letters: DeadLetterService) -> None:
    @routes.post("/dead-letters/{dead_letter_id}/replay")
    async def replay_dead_letter(dead_letter_id: str, call: Annotated[Call, needs(permission)]) -> WithHistory:
        """Handle a record once more, in this service alone; the last action has the outcome."""
        return WithHistory(**_shown(await dead_letters.replay(dead_letter_id, by=call.caller.actor)))

    @routes.post("/dead-letters/{dead_letter_id}/discard")
    async def discard_dead_letter(
        dead_letter_id: str,
        body: Discarding,
        call: Annotated[Call, needs(permission)],
    ) -> WithHistory:
        """Mark a record as not to be handled; it is kept with the reason."""
        entry = await dead_letters.discard(dead_letter_id, by=call.caller.actor, reason=body.reason)
        return WithHistory(**_shown(entry))


def _shown(entry: Document) -> dict[str, Any]:
    return {**entry, "id": entry["_id"]}
