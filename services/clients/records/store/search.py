"""Find clients by their search keys (CLI-03, CLI-04).

What is typed selects short ranges of one index, the best first, and reading stops as soon as there are enough. Of one
range those that changed last come first, of at most 2,000; the order of the index decides only which these are where a
range has more. So a search costs at most so much among a million clients as well.

Who may not read every client finds those that he may read, and is told of no others: the filter of his rights is part
of each query. MongoDB then chooses between the keys and the marks of who has rights, because either may be far fewer.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.clients.records.domain.client import C
from services.clients.text import Criterion
from shared.elements.domain.filters.nodes import EVERYTHING, Node
from shared.elements.domain.search import KeyRange, Query
from shared.elements.domain.search_keys import begins_a_word
from shared.elements.store.filter_compiler import narrowed
from shared.elements.store.listing import BY_KEY
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING

MAX_MATCHES: Final = 20
"""Matches of a search (CLI-04)."""
MAX_COMPARED: Final = 200
"""Possible duplicates that are compared for one criterion."""
MAX_COMPARED_BY_TIME: Final = 2_000
"""Records of one range that are compared by when they changed, and by their other words."""
KEY_INDEX: Final = Index([("search", 1), ("updated_at", -1)], name=BY_KEY)
_BEYOND: Final = "\x7f"
"""Greater than any character in a key."""
_IS_SEARCHED: Final[Filter] = {"search.0": {"$exists": True}}


async def search_clients(of: MongoRepository[C], query: Query, *, allowed: Node = EVERYTHING) -> tuple[list[C], bool]:
    """Find the best matches among those allowed, at most 20, and whether there are or may be more."""
    found: dict[str, None] = {}
    cut: set[str | None] = set()
    for where, keys in _places(query):
        best, is_cut = await _last_changed(of.collection, narrowed(where, allowed), keys, _hint(allowed))
        found |= dict.fromkeys(best)
        if is_cut:
            cut.add(keys.word)
        if len(found) > MAX_MATCHES:
            break
    ids = list(found)[:MAX_MATCHES]
    documents = await of.collection.find({"_id": {"$in": ids}}, fields=WITHOUT_BOOKKEEPING)
    clients = {document["_id"]: of.read(document) for document in documents}
    may_be_more = any(words <= cut for words in query.sifted)
    return [clients[id_] for id_ in ids if id_ in clients], len(found) > MAX_MATCHES or may_be_more


async def similar_clients(
    of: MongoRepository[C], keys: Mapping[str, Criterion], limit: int, *, allowed: Node = EVERYTHING
) -> list[tuple[C, set[Criterion]]]:
    """Find records that have some of the keys of a card, and by what; most criteria in common first (DUP-03)."""
    how: dict[str, Any] = {"limit": MAX_COMPARED, "fields": WITHOUT_BOOKKEEPING, "hint": _hint(allowed)}
    found: dict[str, Document] = {}
    for criterion in dict.fromkeys(keys.values()):  # one after another, or namesakes hide the record with the phone
        where = {"search": {"$in": [key for key, by in keys.items() if by == criterion]}}
        for document in await of.collection.find(narrowed(where, allowed), **how):
            found[document["_id"]] = document
    similar = [(of.read(each), {keys[key] for key in each["search"] if key in keys}) for each in found.values()]
    return sorted(similar, key=lambda each: -len(each[1]))[:limit]


def _places(query: Query) -> Iterator[tuple[Filter, KeyRange]]:
    """List where to look: exact matches, then each range in turn."""
    exact = {"phones.normalized": query.phone, "emails.normalized": query.email}
    for field, value in exact.items():
        if value is not None:
            yield {field: value, **_IS_SEARCHED}, KeyRange("")
    for keys in query.ranges:
        yield {"search": {"$elemMatch": {"$gte": keys.prefix, "$lt": keys.prefix + _BEYOND}}}, keys


def _hint(allowed: Node) -> str | None:
    return BY_KEY if allowed == EVERYTHING else None


async def _last_changed(
    collection: Collection, where: Filter, keys: KeyRange, hint: str | None
) -> tuple[list[str], bool]:
    """List ids of one place, the client that changed last first; and whether the place has more than are compared."""
    named = [{"search": {"$regex": begins_a_word(word)}} for word in keys.words]
    best = [{"$sort": {"updated_at": -1, "_id": 1}}, {"$limit": MAX_MATCHES + 1}, {"$project": {"_id": 1}}]
    (found,) = await collection.aggregate(
        [
            {"$match": where},
            {"$limit": MAX_COMPARED_BY_TIME},
            {"$project": {"updated_at": 1, **({"search": 1} if named else {})}},
            {
                "$facet": {
                    "read": [{"$count": "number"}],
                    "best": [*([{"$match": {"$and": named}}] if named else []), *best],
                }
            },
        ],
        hint=hint if keys.prefix else None,
    )
    read = found["read"][0]["number"] if found["read"] else 0
    return [each["_id"] for each in found["best"]], read == MAX_COMPARED_BY_TIME
