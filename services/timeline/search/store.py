"""Find elements by their search keys, in the view of who may read them (CLI-03, CLI-04, PERM-04).

A word that few elements of a type have is found by its keys. Where all words are frequent, MongoDB chooses between the
keys and the marks of who has rights, because either may be far fewer. What is told of a number of elements is told of
those alone that the caller may read.
"""

from collections.abc import Sequence
from typing import Any, Final

from crm_contracts.values import ElementRef

from shared.elements.domain.filters.nodes import All, Condition, Node
from shared.elements.store.filter_compiler import compiled
from shared.elements.store.rare_keys import by_length, rare_among
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index

BY_KEY: Final = "by_key"
SEARCH_INDEXES: Final = (
    Index([("type", 1), ("search", 1)], name=BY_KEY),
    Index([("type", 1), ("access", 1)], name="by_access"),
)
FEW: Final = 2_000
"""Elements of a type with a word that is rare."""
MAX_READ: Final = 10_000
"""Elements with the longest word that are looked at, where all are frequent; the order of the index decides which."""
MAX_TIME_MS: Final = 5_000


async def search_elements(
    collection: Collection, type_: str, sought: Sequence[Condition], *, allowed: Node, most: int
) -> tuple[list[ElementRef], bool]:
    """Find elements of a type among those allowed, the one changed last first, and whether there are or may be more.

    Raises:
        QueryTooExpensive: that took longer than five seconds.
    """
    within: Document = {"type": type_}
    rare = await rare_among(collection, sought, most=FEW, hint=BY_KEY, max_time_ms=MAX_TIME_MS, within=within)
    first = rare or by_length(sought)[0]
    others = compiled(All((*(each for each in sought if each != first), allowed)))
    found = {**within, **compiled(first)}
    if rare is None:
        found, others = {**found, "$and": [compiled(allowed)]}, compiled(All(tuple(sought)))
    best: list[Document] = [{"$match": others}, {"$sort": {"updated_at": -1, "_id": 1}}, {"$limit": most + 1}]
    stages: list[Document] = [
        {"$match": found},
        {"$limit": MAX_READ},
        {"$facet": {"read": [{"$count": "number"}], "best": [*best, {"$project": {"title": 1}}]}},
    ]
    (answer,) = await collection.aggregate(stages, hint=None if rare is None else BY_KEY, max_time_ms=MAX_TIME_MS)
    is_cut = bool(answer["read"]) and answer["read"][0]["number"] == MAX_READ
    return [_ref(type_, each) for each in answer["best"][:most]], len(answer["best"]) > most or is_cut


def _ref(type_: str, found: Any) -> ElementRef:
    return ElementRef(type=type_, id=found["_id"].removeprefix(f"{type_}:"), title=found.get("title"))
