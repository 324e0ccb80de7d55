"""One version of the projection: the entries of each event, and its binding overrides (the collection `marks`).

Entries are inserted, and bound to further elements; one that was unbound stays, and reading applies the newest override
of each.
"""

from collections.abc import Collection as Many
from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, TypeAlias

from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from services.timeline.entry.domain.entry import BindingOverride, Entry
from services.timeline.entry.domain.masking import named_beside
from services.timeline.entry.domain.narration.line import MERGED
from services.timeline.entry.store.documents import (
    binding_of,
    document_of,
    entries_in,
    entry_in,
    override_document,
    override_in,
)
from shared.kit.storage.collection import Collection
from shared.kit.storage.cursors import moment_and_id
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index

BINDINGS = "bindings"
TIMELINE: Final = "timeline"
MAX_MERGED = 1_000
LOOKED_AT: Final = 5_000
"""Entries among which a page looks for those of some kinds: three keys of the index for each, in all 15,000."""
Place: TypeAlias = tuple[datetime, str]
"""Where the entry of an event comes in a timeline."""
_NEWEST: Final = (("occurred_at", -1), ("_id", -1))
ENTRY_INDEXES = (
    # Kinds come last: they are compared in the index, so that no other document is read, and the order stays.
    Index([("elements.ref", 1), ("occurred_at", -1), ("_id", -1), ("elements.kind", 1)], name="by_element"),
    Index([("correlation_id", 1), ("occurred_at", 1)], name="by_correlation"),
    Index([("survivor", 1)], sparse=True, name="by_survivor"),
)
OVERRIDE_INDEXES = (Index([("event_id", 1)], name="by_event"),)
_FIELDS: Final = ("occurred_at", "actor", "service", "type", "correlation_id", "causation_id", "lines")


class Entries:
    """Entries and binding overrides of one version."""

    def __init__(self, entries: Collection, overrides: Collection) -> None:
        self.entries = entries
        self.overrides = overrides
        self._cursors = entries.cursors.named(TIMELINE)  # a page goes on in the version that is live by then

    async def ensure(self) -> None:
        """Create the collections and their indexes."""
        await self.entries.ensure(ENTRY_INDEXES)
        await self.overrides.ensure(OVERRIDE_INDEXES)

    async def drop(self) -> None:
        """Drop both collections."""
        await self.entries.drop()
        await self.overrides.drop()

    async def insert(self, events: Sequence[Envelope[Event]]) -> None:
        """Insert the entries of the events that have none yet (TL-11)."""
        await self.entries.insert_missing([document_of(event) for event in events])

    async def override(self, overrides: Sequence[BindingOverride]) -> None:
        """Insert the binding overrides that are missing."""
        await self.overrides.insert_missing([override_document(override) for override in overrides])

    async def bind(self, event_ids: Many[str]) -> None:
        """Show those of these events that are stored on the elements that they were ever bound to by hand (TL-05)."""
        found = await self.overrides.find({"event_id": {"$in": list(event_ids)}, "shown": True})
        bound = {override.entry_id: override for override in map(override_in, found)}
        if not bound:
            return
        ids = list({override.event_id for override in bound.values()})
        stored = await self.entries.find({"_id": {"$in": ids}}, fields={"elements": 1})
        documents = {document["_id"]: document for document in stored}
        await self.entries.update_each(
            [
                binding_of(documents[override.event_id], override.element)
                for override in bound.values()
                if override.event_id in documents
            ]
        )

    async def page(
        self,
        element: ElementRef,
        kinds: Sequence[str] | None,
        *,
        with_named: bool = False,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[tuple[Entry, set[str]]], str | None]:
        """Read entries of an element and of all that was merged into it, newest first (TL-01, DUP-02).

        Of each event there is one. A page has fewer than `limit` where some were unbound by hand, or where few are of
        these kinds: it looks for them among 5,000 entries. `with_named` adds to each the elements that its text may
        name beside these.
        """
        refs = await self._merged_refs(str(element))
        fields = _only(refs, with_named=with_named)
        after = await self._cursors.place(cursor, moment_and_id) if cursor else None
        while True:
            end = None if kinds is None else await self._end(refs, after)
            documents = await self.entries.find(
                _page_of(refs, kinds, after, end), sort=_NEWEST, limit=limit + 1, fields=fields
            )
            page, is_full = documents[:limit], len(documents) > limit
            after = _place_of(page[-1]) if is_full else end
            shown = await self._shown(page, kinds, set(refs))
            # Where all entries of a page were unbound, the next one is looked at; the budget is one for each of them.
            if shown or after is None or not is_full:
                return shown, None if after is None else await self._cursors.give(*after)

    async def of_event(self, event_id: str) -> list[Entry]:
        """Find all entries of an event, those bound or unbound by hand included."""
        document = await self.entries.get(event_id)
        return [] if document is None else entries_in(document)

    async def is_known(self, element: ElementRef) -> bool:
        """Whether any event named the element, other than by a binding by hand."""
        named = {"ref": str(element), "bound": {"$exists": False}}
        return await self.entries.first({"elements": {"$elemMatch": named}}, fields={"_id": 1}) is not None

    async def correlated(self, correlation_id: str, *, limit: int) -> tuple[list[Entry], bool]:
        """Find the entries of the first `limit` events with a correlation id, and whether there are more events."""
        where: Filter = {"correlation_id": correlation_id}
        documents = await self.entries.find(where, sort=[("occurred_at", 1)], limit=limit + 1)
        found = (entry for document in documents[:limit] for entry in entries_in(document))
        return [entry for entry in found if not entry.bound_by_hand], len(documents) > limit

    async def _end(self, refs: Sequence[str], start: Place | None) -> Place | None:
        """Find the place up to which a page looks for entries of some kinds, from the index alone; None for all."""
        # Not by `$elemMatch`, which compares documents: the place of an entry is in the index.
        # Without a range of times MongoDB would make one `$in` of the branches, and sort all that it finds.
        after: Filter = _between(start, None) or {"occurred_at": {"$lte": datetime.max.replace(tzinfo=UTC)}}
        branches: list[Filter] = [{"elements.ref": ref, **after} for ref in refs]
        found = await self.entries.aggregate(
            [
                {"$match": {"$or": branches} if branches[1:] else branches[0]},
                {"$sort": dict(_NEWEST)},
                {"$skip": LOOKED_AT - 1},
                {"$limit": 1},
                {"$project": {"occurred_at": 1}},
            ]
        )
        return _place_of(found[0]) if found else None

    async def _merged_refs(self, ref: str) -> list[str]:
        """Collect the element and all that were merged into it, by the entries of the merges."""
        refs, new = [ref], [ref]
        while new and len(refs) < MAX_MERGED:
            merges = await self.entries.find({"survivor": {"$in": new}}, fields={"lines": {"$slice": 1}})
            merged = (each for document in merges for each in document["lines"][0]["payload"][MERGED])
            new = list(dict.fromkeys(each for each in merged if each not in refs))
            refs += new
        return refs

    async def _shown(
        self, documents: Sequence[Document], kinds: Sequence[str] | None, refs: set[str]
    ) -> list[tuple[Entry, set[str]]]:
        """Read one entry of each document: of the last of its elements that is of these kinds and not unbound."""
        hidden = await self._hidden([document["_id"] for document in documents])
        shown: list[tuple[Entry, set[str]]] = []
        for document in documents:
            candidates = (each for each in reversed(document["elements"]) if kinds is None or each["kind"] in kinds)
            entries = (entry_in(document, each) for each in candidates)
            entry = next((each for each in entries if each.id not in hidden), None)
            if entry is not None:
                others = [(each["ref"], each["kind"]) for each in document.get("named", ())]
                shown.append((entry, named_beside(entry, others) - refs))
        return shown

    async def _hidden(self, event_ids: Sequence[str]) -> set[str]:
        """Return the entries of these events that were unbound, by the newest override of each."""
        overrides = map(override_in, await self.overrides.find({"event_id": {"$in": list(event_ids)}}))
        newest = {override.entry_id: override.shown for override in sorted(overrides, key=attrgetter("sequence"))}
        return {id_ for id_, is_shown in newest.items() if not is_shown}


def _place_of(document: Document) -> Place:
    return document["occurred_at"], document["_id"]


def _page_of(refs: Sequence[str], kinds: Sequence[str] | None, after: Place | None, end: Place | None) -> Filter:
    """Match the events that a page may begin with, up to the end of what it looks at.

    Each element has a branch of its own, from which MongoDB reads in the order of the index and merges; of one `$in`
    over a multikey index it would sort all that matches.
    """
    place = _between(after, end)
    of_kinds: Filter = {} if kinds is None else {"kind": {"$in": list(kinds)}}
    branches = [{"elements": {"$elemMatch": {"ref": ref, **of_kinds}}, **place} for ref in refs]
    return {"$or": branches} if branches[1:] else branches[0]


def _between(after: Place | None, end: Place | None) -> Filter:
    """Match what comes after one place, and not after another.

    There is a range of times beside both places, because only the range is looked up in the index.
    """
    times: Filter = {}
    places: list[Filter] = []
    if after:
        at, id_ = after
        times = {"$lte": at}
        places.append({"$or": [{"occurred_at": {"$lt": at}}, {"_id": {"$lt": id_}}]})
    if end:
        at, id_ = end
        times = {**times, "$gte": at}
        places.append({"$or": [{"occurred_at": {"$gt": at}}, {"_id": {"$gte": id_}}]})
    return {"occurred_at": times, "$and": places} if places else {}


def _only(refs: Sequence[str], *, with_named: bool) -> dict[str, Any]:
    """Project documents to these elements, since an event may name a thousand; `named` are all of them."""
    condition = {"$in": ["$$this.ref", {"$literal": list(refs)}]}
    named = {"named": "$elements"} if with_named else {}
    return {**dict.fromkeys(_FIELDS, 1), "elements": {"$filter": {"input": "$elements", "cond": condition}}, **named}
