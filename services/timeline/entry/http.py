"""Read the timeline of an element, and bind its entries to other elements.

A binding is an event as well, so it appears in the timeline a moment after the answer.
"""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.timeline.access.http import check_update, readable_by
from services.timeline.access.usecases import AccessOfElements
from services.timeline.entry.domain.bindings import Bindings
from services.timeline.entry.domain.entry import Entry
from services.timeline.entry.domain.kinds import FIELDS, SPELLINGS, kinds_passing
from services.timeline.entry.schemas import BindingIn, BindingsOut, Element, EntryFilter, Kinds, ref_of
from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.usecases import bind_entry, list_bindings, list_entries
from shared.elements.domain.filters.parsing import parse_filter
from shared.elements.http.rights import check_writes
from shared.elements.schemas.filters import read_filter
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.web.call import Call, needs
from shared.kit.web.named_ones import names_in
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page

CanRead = Annotated[Call, needs("timeline:read")]
CanWrite = Annotated[Call, needs("timeline:write")]


def build_router(*, entries: LiveEntries, accessed: AccessOfElements) -> APIRouter:
    """Build the endpoint that reads timelines."""
    api = router()

    @api.get("/timeline", tags=["timeline"])
    async def timeline(
        call: CanRead,
        element: Annotated[Element, Query(description="such as `deal:0199f2a4-…`")],
        types: Annotated[Kinds, Query(description="kinds of entries, comma-separated")] = "",
        matching: EntryFilter = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[Entry]:
        """List the entries of an element, newest first (TL-01); of an element that no event named there are none.

        `filter` compares the kind of an entry, and holds beside `types`. Where few entries pass, a page may have fewer
        than `limit`, also none: go on until `next_cursor` is null. Where an entry names an element that the caller may
        not read, its text is that of the event's type (TL-12).
        """
        node = parse_filter(read_filter(matching), FIELDS, now=call.cause.at, spellings=SPELLINGS)
        kinds, readable = kinds_passing(node, names_in(types)), readable_by(call, accessed)
        found, more = await list_entries(
            ref_of(element),
            kinds,
            entries=entries,
            accessed=accessed,
            readable=readable,
            limit=limit,
            cursor=cursor,
        )
        return Page(items=found, next_cursor=more)

    return api


def build_bindings_router(
    *, entries: LiveEntries, bindings: MongoRepository[Bindings], accessed: AccessOfElements
) -> APIRouter:
    """Build the endpoints of bindings; who binds an entry changes the timeline of an element, so its rights decide."""
    api, change = router(), partial(_bind, entries=entries, bindings=bindings, accessed=accessed)

    @api.get("/timeline/entries/{event_id}/bindings", tags=["bindings"])
    async def bound(event_id: str, call: CanRead) -> BindingsOut:
        """List the elements in whose timelines the entry of an event is shown (TL-05)."""
        readable = readable_by(call, accessed)
        shown = await list_bindings(event_id, bindings=call.guard(bindings), entries=entries, readable=readable)
        return BindingsOut(event_id=event_id, elements=list(shown))

    @api.post(
        "/timeline/entries/{event_id}/bindings",
        status_code=201,
        tags=["bindings"],
        responses={200: {"model": BindingsOut}},
    )
    async def bind(event_id: str, body: BindingIn, call: CanWrite, response: Response) -> BindingsOut:
        """Bind the entry to one more element; 200 where it is bound already (TL-05)."""
        check_writes(call, [ref_of(body.element).type])
        before = await bound(event_id, call)
        after = await change(event_id, body.element, call, bound=True)
        response.status_code = 201 if len(after.elements) > len(before.elements) else 200
        response.headers["Location"] = f"/v1/timeline/entries/{event_id}/bindings"
        return after

    @api.delete("/timeline/entries/{event_id}/bindings/{element}", tags=["bindings"])
    async def unbind(event_id: str, element: Element, call: CanWrite) -> BindingsOut:
        """Unbind the entry from an element; the last binding cannot be removed (TL-05)."""
        check_writes(call, [ref_of(element).type])
        return await change(event_id, element, call, bound=False)

    return api


async def _bind(
    event_id: str,
    element: str,
    call: Call,
    *,
    bound: bool,
    entries: LiveEntries,
    bindings: MongoRepository[Bindings],
    accessed: AccessOfElements,
) -> BindingsOut:
    now = await bind_entry(
        event_id,
        ref_of(element),
        call.cause,
        bindings=call.guard(bindings),
        add=bindings.add,
        entries=entries,
        accessed=accessed,
        readable=readable_by(call, accessed),
        check=partial(check_update, call, accessed=accessed),
        bound=bound,
    )
    return BindingsOut(event_id=event_id, elements=list(now))
