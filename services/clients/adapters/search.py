"""Looks for clients in the index of their keys (CLI-03, CLI-04).

The surprise: nothing is sorted. Keys stand in the index in the order in which they are wanted, of one key the client
that changed last first, and as soon as there are enough nobody looks further: so a search costs the same among a
million clients as among a thousand.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final, TypeVar

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.duplicates import Criterion
from services.clients.domain.search import Query, Stretch, has_words
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import NEWEST, WITHOUT_BOOKKEEPING
from shared.kit.web.auth import Caller

MOST: Final = 20
"""How many matches are ever shown (CLI-04)."""
LOOKED_AT: Final = 200
"""How many that might be the same are compared at most."""
SIFTED: Final = 60
"""How many are looked at where other words have to fit, too."""
BY_KEY: Final = "by_key"
KEY_INDEX: Final = Index([("search", 1), ("updated_at", -1)], name=BY_KEY)
_BEYOND: Final = "\x7f"
"""Greater than whatever stands in a key."""
_IS_SEARCHED: Final[Filter] = {"search.0": {"$exists": True}}

C = TypeVar("C", Contact, Company)


async def search_clients(of: MongoRepository[C], query: Query, *, access: Caller) -> tuple[list[C], bool]:
    """The best matches, at most 20, and whether there are more."""
    del access  # every reader reads every client until rights per record exist (PERM)
    found: dict[str, C] = {}
    async for document in _looks(of, query):
        found.setdefault(document["_id"], of.read(document))
        if len(found) > MOST:
            break
    return list(found.values())[:MOST], len(found) > MOST


async def like(of: MongoRepository[C], keys: Mapping[str, Criterion], limit: int) -> list[tuple[C, set[Criterion]]]:
    """Records that might be the client on a card, and by what; those with more in common first (DUP-03)."""
    found: dict[str, Document] = {}
    for criterion in dict.fromkeys(keys.values()):  # one after another, or namesakes hide who has the phone
        where = {"search": {"$in": [key for key, by in keys.items() if by == criterion]}}
        for document in await of.collection.find(where, limit=LOOKED_AT, fields=WITHOUT_BOOKKEEPING, hint=BY_KEY):
            found[document["_id"]] = document
    alike = [(of.read(each), {keys[key] for key in each["search"] if key in keys}) for each in found.values()]
    return sorted(alike, key=lambda each: -len(each[1]))[:limit]


async def _looks(of: MongoRepository[C], query: Query) -> AsyncIterator[Document]:
    exact = {"phones.normalized": query.phone, "emails.normalized": query.email}
    for field, value in exact.items():
        if value is not None:
            where = {field: value, **_IS_SEARCHED}
            for document in await of.collection.find(where, sort=NEWEST, limit=MOST + 1, fields=WITHOUT_BOOKKEEPING):
                yield document
    for stretch in query.stretches:
        most = SIFTED if stretch.words else MOST + 1
        for document in await of.collection.find(_within(stretch), limit=most, fields=WITHOUT_BOOKKEEPING, hint=BY_KEY):
            if has_words(document["search"], stretch.words):
                yield document


def _within(stretch: Stretch) -> Filter:
    return {"search": {"$elemMatch": {"$gte": stretch.prefix, "$lt": stretch.prefix + _BEYOND}}}
