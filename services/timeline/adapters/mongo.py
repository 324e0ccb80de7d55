"""One generation of the timeline: its entries, and the marks of what was bound and unbound by hand.

The surprise: entries are only ever inserted. What was unbound is another document, a mark with the sequence of the
news, and reading takes the newest mark into account.
"""

from collections.abc import Collection as Many
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from crm_contracts.values import ElementRef

from services.timeline.domain.entry import Entry, Mark
from services.timeline.domain.narration import MERGE_KIND, MERGED
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
MARK_INDEXES = (
    Index([("entry_id", 1), ("sequence", -1)], name="by_entry"),
    Index([("event_id", 1)], name="by_event"),
)


class Entries:
    """The projection, as one generation of it holds it."""

    def __init__(self, entries: Collection, marks: Collection) -> None:
        self.entries = entries
        self.marks = marks

    async def ensure(self) -> None:
        """Make the collections and their indexes."""
        await self.entries.ensure(ENTRY_INDEXES)
        await self.marks.ensure(MARK_INDEXES)

    async def insert(self, entries: Sequence[Entry]) -> None:
        """Add what is not there yet, in this order (TL-11)."""
        await self.entries.insert_missing([_document(entry) for entry in entries])

    async def mark(self, marks: Sequence[Mark]) -> None:
        """Note what was bound and unbound by hand, where it is not noted yet."""
        await self.marks.insert_missing([_document(mark) for mark in marks])

    async def bound_to(self, event_ids: Many[str]) -> Mapping[str, list[ElementRef]]:
        """The elements that the entries of these events were ever bound to by hand, by event (TL-05)."""
        bound: dict[str, list[ElementRef]] = {}
        for mark in await self.marks.find({"event_id": {"$in": list(event_ids)}, "shown": True}):
            bound.setdefault(mark["event_id"], []).append(ElementRef.model_validate(mark["element"]))
        return bound

    async def firsts_of(self, event_ids: Many[str]) -> list[Entry]:
        """The entries of the elements that these events are about."""
        where = {"$or": [_of_event(event_id) for event_id in event_ids], "place": 0, "bound_by_hand": False}
        return [_entry(document) for document in await self.entries.find(where)]

    async def page(
        self, element: ElementRef, kinds: Sequence[str], *, access: Caller, limit: int, cursor: str | None
    ) -> tuple[list[Entry], str | None]:
        """Entries of an element and of all that was merged into it, newest first (TL-01, DUP-02).

        Fewer than `limit` where some were unbound by hand, or tell of several of them.
        """
        del access  # every reader reads every timeline until rights per record exist (PERM)
        ids = await self._merged(element)
        where: dict[str, Any] = {"element.type": element.type, "element.id": {"$in": ids} if ids[1:] else element.id}
        if kinds:
            where["kind"] = {"$in": list(kinds)}
        while True:
            told = await self._told(where, decode_cursor(cursor)[1]) if cursor and ids[1:] else ""
            documents, cursor = await newest_first(self.entries, where, limit=limit, cursor=cursor, time="occurred_at")
            shown = [_entry(each) for each in _once_each(await self._shown(documents), told)]
            # A page is empty at the end alone, also where all of it was unbound.
            if shown or cursor is None:
                return shown, cursor

    async def of_event(self, event_id: str) -> list[Entry]:
        """All entries that an event made, those bound or unbound by hand included."""
        return [_entry(document) for document in await self.entries.find(_of_event(event_id))]

    async def correlated(self, correlation_id: str, *, access: Caller) -> tuple[list[Entry], bool]:
        """Entries of everything that one request set in motion, oldest first, and whether some are left out."""
        del access
        where = {"correlation_id": correlation_id, "bound_by_hand": False}
        documents = await self.entries.find(where, sort=[("occurred_at", 1), ("_id", 1)], limit=MAX_TRACE + 1)
        return [_entry(document) for document in documents[:MAX_TRACE]], len(documents) > MAX_TRACE

    async def _merged(self, element: ElementRef) -> list[str]:
        """Ids of the element and of all whose place it took, directly or not: entries themselves tell of that."""
        ids, new = [element.id], [element.id]
        while new and len(ids) < MAX_MERGED:
            where = {"element.type": element.type, "element.id": {"$in": new}, "kind": MERGE_KIND}
            told = await self.entries.find({**where, f"payload.{MERGED}": {"$exists": True}}, sort=NEWEST)
            refs = (ref for document in told for ref in document["payload"][MERGED])
            new = list(dict.fromkeys(id_ for id_ in (ref.partition(":")[2] for ref in refs) if id_ not in ids))
            ids += new
        return ids

    async def _told(self, where: Filter, last: str) -> str:
        """The event whose entries ended the page before, if any of those was shown."""
        event_id = last.partition(":")[0]
        before = await self.entries.find({**where, "_id": {"$gte": last, "$lt": f"{event_id};"}})
        return event_id if await self._shown(before) else ""

    async def _shown(self, documents: Sequence[Document]) -> list[Document]:
        ids = [document["_id"] for document in documents]
        hidden: dict[str, bool] = {}
        for mark in sorted(await self.marks.find({"entry_id": {"$in": ids}}), key=itemgetter("sequence")):
            hidden[mark["entry_id"]] = not mark["shown"]
        return [document for document in documents if not hidden.get(document["_id"])]


def _once_each(documents: Sequence[Document], told: str) -> list[Document]:
    """One entry of each event, and none of the event that ended the page before; those of one event are neighbours."""
    firsts = []
    for document in documents:
        if document["event_id"] != told:
            firsts.append(document)
        told = document["event_id"]
    return firsts


def _of_event(event_id: str) -> Filter:
    """Ids of entries begin with that of their event, which spares every entry one more index."""
    return {"_id": {"$gte": f"{event_id}:", "$lt": f"{event_id};"}, "event_id": event_id}


def _document(value: Entry | Mark) -> Document:
    document = value.model_dump()
    document["_id"] = document.pop("id")
    return document


def _entry(document: Document) -> Entry:
    return Entry.model_validate({**document, "id": document["_id"]})
