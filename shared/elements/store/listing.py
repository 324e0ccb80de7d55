"""Indexes and reads that element types share: lists by equality of fields, and the look-up by origin.

Each list is served by one index: the equality fields come first, then the order.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from shared.elements.domain.element import Element, OriginTaken
from shared.elements.domain.rights.accessed import ACCESS_OR_OPEN
from shared.elements.store.index_table import IndexGroup
from shared.kit.storage.indexes import AS_PEOPLE_SORT, Index
from shared.kit.storage.lookups import Lookup
from shared.kit.storage.mongo_repository import MongoRepository, Taken
from shared.kit.storage.pages import NEWEST

E = TypeVar("E", bound=Element)

IS_GIVEN: Final = {"$gt": ""}
"""Any text. Not `$type`: MongoDB does not see that a query for one text is covered by that."""

BY_KEY: Final = "by_key"
"""Search keys, of any type."""

SALES_INDEXES: Final[Sequence[Index]] = (
    Index([("number", 1)], unique=True, name="number"),
    Index(NEWEST, name="newest"),
    Index([("access", 1), *NEWEST], name="by_access", replaces="by_responsible"),
    Index([("client.company.id", 1), *NEWEST], name="by_company"),
    Index([("client.contacts.contact_id", 1), *NEWEST], name="by_contact"),
    Index([("originator_id", 1), *NEWEST], partial={"originator_id": IS_GIVEN}, name="by_originator"),
    Index([("origin_id", 1), *NEWEST], partial={"origin_id": IS_GIVEN}, name="by_origin_id"),
    Index(
        [("originator_id", 1), ("origin_id", 1)],
        unique=True,
        partial={"originator_id": IS_GIVEN, "origin_id": IS_GIVEN},
        name="origin",
    ),
    Index([("search", 1)], name=BY_KEY),
    Index([("title", 1), ("_id", 1)], name="by_title", collation=AS_PEOPLE_SORT, replaces="by_stage_alone"),
    Index([("amount.value", 1), ("_id", 1)], name="by_amount", replaces="by_pipeline"),
)
"""Indexes of every sales element."""

SALES_GROUPS: Final[Sequence[IndexGroup]] = (
    IndexGroup("_id_", ("id",), order=None),
    IndexGroup("by_contact", ("contact_id",)),
    IndexGroup("by_company", ("company_id",)),
    IndexGroup("by_origin_id", ("origin_id",), is_partial=True),
    IndexGroup("by_access", ("access",)),
    IndexGroup("by_originator", ("originator_id",), is_partial=True),
)
"""Which of these indexes find what a filter names, the fewest records first."""

WHOLE_GROUPS: Final[Sequence[IndexGroup]] = (
    IndexGroup("by_access", (ACCESS_OR_OPEN.name,)),
    IndexGroup("newest"),
    IndexGroup("number", order="number"),
)
"""Indexes with the whole collection in an order: the last ones of every table."""

BY_TITLE: Final = frozenset({"title"})
"""Orders of titles are those of people."""

SALES_ORDERS: Final[Sequence[IndexGroup]] = (
    *WHOLE_GROUPS,
    IndexGroup("by_title", order="title"),
    IndexGroup("by_amount", order="amount"),
)
"""Those of sales elements."""


def taken_origin(noun: str) -> Mapping[str, Taken]:
    """Map the index `origin` to the error of a write that it refused."""
    return {"origin": partial(OriginTaken.by, noun)}


class ElementViews(Generic[E]):
    """Look-ups of elements of one type."""

    def __init__(self, elements: MongoRepository[E]) -> None:
        self._elements = elements
        self._origins = Lookup(elements.collection, "originator_id", "origin_id")

    async def by_origin(self, originator: str, origin: str) -> E | None:
        """Find the element that came from there (CMN-14)."""
        document = await self._origins.find(originator, origin)
        return None if document is None else self._elements.read(document)
