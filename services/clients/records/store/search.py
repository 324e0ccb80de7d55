"""Find clients by their search keys (CLI-03, CLI-04).

Nothing is sorted: the index yields keys in the wanted order, of one key the client that changed last first, and reading
stops as soon as there are enough. So a search costs the same among a million clients as among a thousand.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from services.clients.records.domain.client import C
from services.clients.records.domain.search import KeyRange, Query
from services.clients.records.domain.search_keys import has_words
from services.clients.text import Criterion
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST, WITHOUT_BOOKKEEPING
from shared.kit.web.auth import Caller

MAX_MATCHES: Final = 20
"""Matches of a search (CLI-04)."""
MAX_COMPARED: Final = 200
"""Possible duplicates that are compared for one criterion."""
MAX_SIFTED: Final = 60
"""Records that are read from a range where other words have to match, too."""
BY_KEY: Final = "by_key"
KEY_INDEX: Final = Index([("search", 1), ("updated_at", -1)], name=BY_KEY)
_BEYOND: Final = "\x7f"
"""Greater than any character in a key."""
_IS_SEARCHED: Final[Filter] = {"search.0": {"$exists": True}}


async def search_clients(of: MongoRepository[C], query: Query, *, access: Caller) -> tuple[list[C], bool]:
    """Find the best matches, at most 20, and whether there are more."""
    del access  # every reader reads every client until rights per record exist (PERM)
    found: dict[str, C] = {}
    async for document in _candidates(of, query):
        found.setdefault(document["_id"], of.read(document))
        if len(found) > MAX_MATCHES:
            break
    return list(found.values())[:MAX_MATCHES], len(found) > MAX_MATCHES


async def similar_clients(
    of: MongoRepository[C], keys: Mapping[str, Criterion], limit: int
) -> list[tuple[C, set[Criterion]]]:
    """Find records that have some of the keys of a card, and by what; most criteria in common first (DUP-03)."""
    found: dict[str, Document] = {}
    for criterion in dict.fromkeys(keys.values()):  # one after another, or namesakes hide the record with the phone
        where = {"search": {"$in": [key for key, by in keys.items() if by == criterion]}}
        for document in await of.collection.find(where, limit=MAX_COMPARED, fields=WITHOUT_BOOKKEEPING, hint=BY_KEY):
            found[document["_id"]] = document
    similar = [(of.read(each), {keys[key] for key in each["search"] if key in keys}) for each in found.values()]
    return sorted(similar, key=lambda each: -len(each[1]))[:limit]


async def _candidates(of: MongoRepository[C], query: Query) -> AsyncIterator[Document]:
    """Yield the documents of exact matches, then those of each range in turn."""
    exact = {"phones.normalized": query.phone, "emails.normalized": query.email}
    most = MAX_MATCHES + 1
    for field, value in exact.items():
        if value is not None:
            where = {field: value, **_IS_SEARCHED}
            for document in await of.collection.find(where, sort=NEWEST, limit=most, fields=WITHOUT_BOOKKEEPING):
                yield document
    for keys in query.ranges:
        limit = MAX_SIFTED if keys.words else most
        for document in await of.collection.find(_within(keys), limit=limit, fields=WITHOUT_BOOKKEEPING, hint=BY_KEY):
            if has_words(document["search"], keys.words):
                yield document


def _within(keys: KeyRange) -> Filter:
    return {"search": {"$elemMatch": {"$gte": keys.prefix, "$lt": keys.prefix + _BEYOND}}}
