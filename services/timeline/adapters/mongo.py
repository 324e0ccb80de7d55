"""Where the timeline is kept.

The surprise: entries are only ever inserted. What was unbound is another document, a mark with the sequence of the
news, and reading takes the newest mark into account.
"""

from collections.abc import Sequence
from typing import Any

from crm_contracts.values import ElementRef

from services.timeline.domain.entry import Entry, entry_id
from shared.kit.auth import Caller
from shared.kit.mongo import Collection, Document, Index
from shared.kit.pages import newest_first

ENTRIES = "entries"
MARKS = "marks"
BINDINGS = "bindings"
MAX_TRACE = 20_000
NEWEST = [("occurred_at", -1), ("_id", -1)]
ENTRY_INDEXES = (
    Index([("element.type", 1), ("element.id", 1), *NEWEST], name="by_element"),
    Index([("element.type", 1), ("element.id", 1), ("kind", 1), *NEWEST], name="by_element_and_kind"),
    Index([("correlation_id", 1), ("occurred_at", 1), ("_id", 1)], name="by_correlation"),
    Index([("event_id", 1)], name="by_event"),
)
MARK_INDEXES = (
    Index([("entry_id", 1), ("sequence", -1)], name="by_entry"),
    Index([("event_id", 1)], name="by_event"),
)


class Entries:
    """The projection."""

    def __init__(self, entries: Collection, marks: Collection) -> None:
        self._entries = entries
        self._marks = marks

    async def insert(self, entries: Sequence[Entry]) -> int:
        """Add what is not there yet; how many there were (TL-11)."""
        return await self._entries.insert_missing([_document(entry) for entry in entries])

    async def mark(self, event_id: str, element: ElementRef, *, mark_id: str, sequence: int, shown: bool) -> None:
        """Note that the entry was bound to or unbound from the element by hand."""
        document = {
            "_id": mark_id,
            "entry_id": entry_id(event_id, element),
            "event_id": event_id,
            "element": element.model_dump(),
            "sequence": sequence,
            "shown": shown,
        }
        await self._marks.insert_missing([document])

    async def bound_to(self, event_id: str) -> list[ElementRef]:
        """The elements that the entry of an event was ever bound to by hand (TL-05)."""
        marks = await self._marks.find({"event_id": event_id, "shown": True})
        return [ElementRef.model_validate(mark["element"]) for mark in marks]

    async def first_of(self, event_id: str) -> Entry | None:
        """The entry of the element that the event is about."""
        document = await self._entries.first({"event_id": event_id, "place": 0, "bound_by_hand": False})
        return None if document is None else _entry(document)

    async def page(
        self, element: ElementRef, kinds: Sequence[str], *, access: Caller, limit: int, cursor: str | None
    ) -> tuple[list[Entry], str | None]:
        """Entries of an element, newest first (TL-01); fewer than `limit` where some were unbound by hand."""
        del access  # every reader reads every timeline until rights per record exist (PERM)
        where: dict[str, Any] = {"element.type": element.type, "element.id": element.id}
        if kinds:
            where["kind"] = {"$in": list(kinds)}
        while True:
            documents, cursor = await newest_first(self._entries, where, limit=limit, cursor=cursor, time="occurred_at")
            shown = await self._shown(documents)
            # A page is empty at the end alone, also where all of it was unbound.
            if shown or cursor is None:
                return shown, cursor

    async def of_event(self, event_id: str) -> list[Entry]:
        """All entries that an event made, those bound or unbound by hand included."""
        return [_entry(document) for document in await self._entries.find({"event_id": event_id})]

    async def correlated(self, correlation_id: str, *, access: Caller) -> tuple[list[Entry], bool]:
        """Entries of everything that one request set in motion, oldest first, and whether some are left out."""
        del access
        where = {"correlation_id": correlation_id, "bound_by_hand": False}
        documents = await self._entries.find(where, sort=[("occurred_at", 1), ("_id", 1)], limit=MAX_TRACE + 1)
        return [_entry(document) for document in documents[:MAX_TRACE]], len(documents) > MAX_TRACE

    async def _shown(self, documents: Sequence[Document]) -> list[Entry]:
        ids = [document["_id"] for document in documents]
        hidden: dict[str, bool] = {}
        for mark in await self._marks.find({"entry_id": {"$in": ids}}, sort=[("sequence", 1)]):
            hidden[mark["entry_id"]] = not mark["shown"]
        return [_entry(document) for document in documents if not hidden.get(document["_id"])]


def _document(entry: Entry) -> Document:
    document = entry.model_dump()
    document["_id"] = document.pop("id")
    return document


def _entry(document: Document) -> Entry:
    return Entry.model_validate({**document, "id": document["_id"]})
