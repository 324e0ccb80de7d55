"""One version of the projection: its entries, and its binding overrides (the collection `marks`).

Entries are only inserted; an entry that was unbound stays, and reading applies the newest override of each.
"""

from collections.abc import Collection as Many
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from crm_contracts.values import ElementRef

from services.timeline.entry.domain.entry import BindingOverride, Entry
from services.timeline.entry.domain.narration.line import MERGE_KIND, MERGED
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import decode_cursor, newest_first
from shared.kit.web.auth import Caller

BINDINGS = "bindings"
MAX_TRACE = 20_000
MAX_MERGED = 1_000
NEWEST = [("occurred_at", -1), ("_id", -1)]
ENTRY_INDEXES = (
    Index([("element.type", 1), ("element.id", 1), *NEWEST], name="by_element"),
    Index([("element.type", 1), ("element.id", 1), ("kind", 1), *NEWEST], name="by_element_and_kind"),
    Index([("correlation_id", 1), ("occurred_at", 1), ("_id", 1)], name="by_correlation"),
)
OVERRIDE_INDEXES = (
    Index([("entry_id", 1), ("sequence", -1)], name="by_entry"),
    Index([("event_id", 1)], name="by_event"),
)


class Entries:
    """Entries and binding overrides of one version."""

    def __init__(self, entries: Collection, overrides: Collection) -> None:
        self.entries = entries
        self.overrides = overrides

    async def ensure(self) -> None:
        """Create the collections and their indexes."""
        await self.entries.ensure(ENTRY_INDEXES)
        await self.overrides.ensure(OVERRIDE_INDEXES)

    async def drop(self) -> None:
        """Drop both collections."""
        await self.entries.drop()
        await self.overrides.drop()

    async def insert(self, entries: Sequence[Entry]) -> None:
        """Insert the entries that are missing, in this order (TL-11)."""
        await self.entries.insert_missing([_document(entry) for entry in entries])

    async def override(self, overrides: Sequence[BindingOverride]) -> None:
        """Insert the binding overrides that are missing."""
        await self.overrides.insert_missing([_document(override) for override in overrides])

    async def bound_elements(self, event_ids: Many[str]) -> Mapping[str, list[ElementRef]]:
        """Find the elements that the entries of these events were ever bound to by hand, by event (TL-05)."""
        bound: dict[str, list[ElementRef]] = {}
        for override in await self.overrides.find({"event_id": {"$in": list(event_ids)}, "shown": True}):
            bound.setdefault(override["event_id"], []).append(ElementRef.model_validate(override["element"]))
        return bound

    async def originals(self, event_ids: Many[str]) -> list[Entry]:
        """Find the entries of the elements that these events are about."""
        where = {"$or": [_of_event(event_id) for event_id in event_ids], "place": 0, "bound_by_hand": False}
        return [_entry(document) for document in await self.entries.find(where)]

    async def page(
        self, element: ElementRef, kinds: Sequence[str], *, access: Caller, limit: int, cursor: str | None
    ) -> tuple[list[Entry], str | None]:
        """Read entries of an element and of all that was merged into it, newest first (TL-01, DUP-02).

        A page has fewer than `limit` where some were unbound by hand, or several are of one event.
        """
        del access  # every reader reads every timeline until rights per record exist (PERM)
        ids = await self._merged_ids(element)
        where: dict[str, Any] = {"element.type": element.type, "element.id": {"$in": ids} if ids[1:] else element.id}
        if kinds:
            where["kind"] = {"$in": list(kinds)}
        while True:
            last = await self._last_event(where, decode_cursor(cursor)[1]) if cursor and ids[1:] else ""
            documents, cursor = await newest_first(self.entries, where, limit=limit, cursor=cursor, time="occurred_at")
            shown = [_entry(each) for each in _once_each(await self._shown(documents), last)]
            # Only the last page may be empty, also where all entries of a page were unbound.
            if shown or cursor is None:
                return shown, cursor

    async def of_event(self, event_id: str) -> list[Entry]:
        """Find all entries of an event, those bound or unbound by hand included."""
        return [_entry(document) for document in await self.entries.find(_of_event(event_id))]

    async def is_known(self, element: ElementRef) -> bool:
        """Whether any event named the element, other than by a binding by hand."""
        where = {"element.type": element.type, "element.id": element.id, "bound_by_hand": False}
        return await self.entries.first(where) is not None

    async def correlated(self, correlation_id: str, *, access: Caller) -> tuple[list[Entry], bool]:
        """Find the entries with a correlation id, oldest first, and whether there are more than `MAX_TRACE`."""
        del access
        where = {"correlation_id": correlation_id, "bound_by_hand": False}
        documents = await self.entries.find(where, sort=[("occurred_at", 1), ("_id", 1)], limit=MAX_TRACE + 1)
        return [_entry(document) for document in documents[:MAX_TRACE]], len(documents) > MAX_TRACE

    async def _merged_ids(self, element: ElementRef) -> list[str]:
        """Collect the ids of the element and of all that were merged into it, by the entries of the merges."""
        ids, new = [element.id], [element.id]
        while new and len(ids) < MAX_MERGED:
            where = {"element.type": element.type, "element.id": {"$in": new}, "kind": MERGE_KIND}
            merges = await self.entries.find({**where, f"payload.{MERGED}": {"$exists": True}}, sort=NEWEST)
            refs = (ref for document in merges for ref in document["payload"][MERGED])
            new = list(dict.fromkeys(id_ for id_ in (ref.partition(":")[2] for ref in refs) if id_ not in ids))
            ids += new
        return ids

    async def _last_event(self, where: Filter, last: str) -> str:
        """Return the event of the previous page's last entry, if any of its entries was shown, or an empty text."""
        event_id = last.partition(":")[0]
        before = await self.entries.find({**where, "_id": {"$gte": last, "$lt": f"{event_id};"}})
        return event_id if await self._shown(before) else ""

    async def _shown(self, documents: Sequence[Document]) -> list[Document]:
        ids = [document["_id"] for document in documents]
        hidden: dict[str, bool] = {}
        overrides = await self.overrides.find({"entry_id": {"$in": ids}})
        for override in sorted(overrides, key=itemgetter("sequence")):
            hidden[override["entry_id"]] = not override["shown"]
        return [document for document in documents if not hidden.get(document["_id"])]


def _once_each(documents: Sequence[Document], last: str) -> list[Document]:
    """Keep one entry of each event, and none of event `last`; entries of one event are neighbours."""
    firsts = []
    for document in documents:
        if document["event_id"] != last:
            firsts.append(document)
        last = document["event_id"]
    return firsts


def _of_event(event_id: str) -> Filter:
    """Match by the prefix of the id, which spares every entry one more index."""
    return {"_id": {"$gte": f"{event_id}:", "$lt": f"{event_id};"}, "event_id": event_id}


def _document(value: Entry | BindingOverride) -> Document:
    document = value.model_dump()
    document["_id"] = document.pop("id")
    return document


def _entry(document: Document) -> Entry:
    return Entry.model_validate({**document, "id": document["_id"]})
