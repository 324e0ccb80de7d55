"""Collection, indexes and read views of products.

Lists are ordered by sort index (PROD-09), so their cursor holds a position in that order and not a time.
"""

from typing import Any

from services.catalog.product.domain.product import Product
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index
from shared.kit.storage.lookups import Lookup
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING, decode_place, encode_cursor, stored_number
from shared.kit.web.auth import Caller

PRODUCTS = "products"
IN_ORDER = [("sort", 1), ("name", 1), ("_id", 1)]
IS_GIVEN = {"$gt": ""}
"""Any text. Not `$type`: MongoDB does not see that a query for one text is covered by that."""
PRODUCT_INDEXES = (
    Index([("number", 1)], unique=True, name="number"),
    Index([("catalog_id", 1), *IN_ORDER], name="in_order"),
    Index([("catalog_id", 1), ("active", 1), *IN_ORDER], name="in_order_by_activity"),
    Index(
        [("catalog_id", 1), ("external_id", 1)],
        unique=True,
        partial={"external_id": IS_GIVEN},
        name="external_id",
    ),
)


class ProductViews:
    """Read views of products."""

    def __init__(self, products: MongoRepository[Product]) -> None:
        self._products = products
        self._external_ids = Lookup(products.collection, "catalog_id", "external_id")

    async def page(
        self, catalog_id: str, *, active: bool | None, access: Caller, limit: int, cursor: str | None
    ) -> tuple[list[Product], str | None]:
        """List products of a catalog by sort index, name and id, with the cursor of the next page."""
        del access  # every reader reads every product until rights per record exist (PERM)
        where: dict[str, Any] = {"catalog_id": catalog_id}
        if active is not None:
            where["active"] = active
        if cursor:
            where |= place_after(cursor)
        found = await self._products.collection.find(where, sort=IN_ORDER, limit=limit + 1, fields=WITHOUT_BOOKKEEPING)
        page = [self._products.read(document) for document in found[:limit]]
        last = page[-1] if len(found) > limit else None
        return page, encode_cursor(str(last.sort), last.name, last.id) if last else None

    async def by_external_id(self, catalog_id: str, external_id: str) -> Product | None:
        """Find the product that an integration knows by this id (PROD-10)."""
        document = await self._external_ids.find(catalog_id, external_id)
        return None if document is None else self._products.read(document)


def place_after(cursor: str) -> Document:
    """Build the filter for everything after the cursor.

    Raises:
        Invalid: not a cursor of this list.
    """
    sort, name, id_ = decode_place(cursor, _place_of)
    return {
        "$or": [
            {"sort": {"$gt": sort}},
            {"sort": sort, "name": {"$gt": name}},
            {"sort": sort, "name": name, "_id": {"$gt": id_}},
        ],
    }


def _place_of(texts: list[str]) -> tuple[int, str, str]:
    sort, name, id_ = texts
    return stored_number(sort), name, id_
