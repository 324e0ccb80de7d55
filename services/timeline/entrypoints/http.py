"""The timeline API.

The surprise: bindings are events too, so what is bound here shows in the timeline a moment later. A rebuild is asked
for here as well, and done by whichever replica takes it up.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.timeline.adapters.generations import Generations, LiveEntries
from services.timeline.adapters.rebuilds import RebuildViews
from services.timeline.domain.bindings import Bindings
from services.timeline.domain.entry import Entry
from services.timeline.domain.rebuild import Rebuild
from services.timeline.domain.trace import Trace, trace_of
from services.timeline.entrypoints.schemas import BindingIn, BindingsOut, Element, RebuildOut, ref_of
from services.timeline.usecases.accept_differences import accept_differences
from services.timeline.usecases.bind_entry import bind_entry
from services.timeline.usecases.cancel_rebuild import cancel_rebuild
from services.timeline.usecases.start_rebuild import start_rebuild
from shared.kit.domain import NotFound
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.web.call import Call, reads, writes
from shared.kit.web.routes import is_process, router
from shared.kit.web.schemas import Cursor, Limit, Page

CanRead = Annotated[Call, reads("timeline:read")]
CanWrite = Annotated[Call, writes("timeline:write")]
Looking = Annotated[Call, reads("timeline:admin")]
Operating = Annotated[Call, writes("timeline:admin")]


def build_router(*, entries: LiveEntries, bindings: MongoRepository[Bindings]) -> APIRouter:
    """The endpoints, over these collaborators."""
    api = router()

    @api.get("/timeline", tags=["timeline"])
    async def timeline(
        call: CanRead,
        element: Annotated[Element, Query(description="such as `deal:0199f2a4-…`")],
        types: Annotated[str | None, Query(max_length=500, description="kinds of entries, comma-separated")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[Entry]:
        """The timeline of an element, newest first (TL-01)."""
        kinds = [kind for kind in (types or "").split(",") if kind]
        found, more = await entries.page(ref_of(element), kinds, access=call.caller, limit=limit, cursor=cursor)
        return Page(items=found, next_cursor=more)

    @api.get("/timeline/traces/{correlation_id}", tags=["trace"])
    async def trace(correlation_id: str, call: CanRead) -> Trace:
        """The steps that one request set in motion, as a tree over the services."""
        found, truncated = await entries.correlated(correlation_id, access=call.caller)
        tree = trace_of(correlation_id, found, truncated=truncated)
        if tree is None:
            message = f"Nothing is known of {correlation_id}."
            raise NotFound(message)
        return tree

    @api.get("/timeline/entries/{event_id}/bindings", tags=["bindings"])
    async def bound(event_id: str, _: CanRead) -> BindingsOut:
        """The elements in whose timelines the entry of an event shows (TL-05)."""
        told = [entry.element for entry in await entries.of_event(event_id) if not entry.bound_by_hand]
        if not told:
            message = f"There is no entry of an event {event_id}."
            raise NotFound(message)
        by_hand = await bindings.find(Bindings.id_for(event_id))
        return BindingsOut(event_id=event_id, elements=by_hand.elements(told) if by_hand else told)

    @api.post(
        "/timeline/entries/{event_id}/bindings",
        status_code=201,
        tags=["bindings"],
        responses={200: {"model": BindingsOut}},
    )
    async def bind(event_id: str, body: BindingIn, call: CanWrite, response: Response) -> BindingsOut:
        """Bind the entry to one more element; 200 where it was already (TL-05)."""
        before = await bound(event_id, call)
        element = ref_of(body.element)
        now = await bind_entry(event_id, element, call.cause, bindings=bindings, entries=entries)
        response.status_code = 201 if len(now) > len(before.elements) else 200
        return BindingsOut(event_id=event_id, elements=list(now))

    @api.delete("/timeline/entries/{event_id}/bindings/{element}", tags=["bindings"])
    async def unbind(event_id: str, element: Element, call: CanWrite) -> BindingsOut:
        """Unbind the entry from an element; the last binding stays (TL-05)."""
        now = await bind_entry(event_id, ref_of(element), call.cause, bindings=bindings, entries=entries, bound=False)
        return BindingsOut(event_id=event_id, elements=list(now))

    return api


def build_rebuild_router(
    *,
    rebuilds: MongoRepository[Rebuild],
    views: RebuildViews,
    generations: Generations,
    now: Callable[[], Awaitable[datetime]],
) -> APIRouter:
    """The endpoints of rebuilds, over these collaborators."""
    api = router()

    @api.post("/timeline/rebuilds", status_code=202, tags=["rebuilds"])
    @is_process
    async def start(call: Operating, response: Response) -> RebuildOut:
        """Tell the timeline anew from the topics' beginning; 409 `rebuild_running` names the one that is not over."""
        rebuild = await start_rebuild(call.new_id, call.cause, rebuilds=rebuilds, views=views, generations=generations)
        response.headers["Location"] = f"/v1/timeline/rebuilds/{rebuild.id}"
        return RebuildOut.of(rebuild)

    @api.get("/timeline/rebuilds", tags=["rebuilds"])
    async def newest(_: Looking, limit: Limit = 50, cursor: Cursor = None) -> Page[RebuildOut]:
        """Those that were ever asked for, newest first."""
        found, more = await views.newest(limit=limit, cursor=cursor)
        return Page(items=[RebuildOut.of(rebuild) for rebuild in found], next_cursor=more)

    @api.get("/timeline/rebuilds/{rebuild_id}", tags=["rebuilds"])
    async def look(rebuild_id: str, _: Looking) -> RebuildOut:
        """How far it is, and what it found."""
        return RebuildOut.of(await rebuilds.get(rebuild_id))

    @api.post("/timeline/rebuilds/{rebuild_id}/switch", status_code=202, tags=["rebuilds"])
    @is_process
    async def accept(rebuild_id: str, call: Operating) -> RebuildOut:
        """Switch although it differs."""
        return RebuildOut.of(await accept_differences(rebuild_id, call.cause, rebuilds=rebuilds))

    @api.delete("/timeline/rebuilds/{rebuild_id}", tags=["rebuilds"])
    async def cancel(rebuild_id: str, call: Operating) -> RebuildOut:
        """Give it up; the live projection stays as it is."""
        cancelled = await cancel_rebuild(
            rebuild_id, call.cause, now=await now(), rebuilds=rebuilds, generations=generations
        )
        return RebuildOut.of(cancelled)

    return api
