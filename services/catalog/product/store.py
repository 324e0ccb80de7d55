"""Collection, indexes and read views of products, which are listed by sort index, name and id (PROD-09)."""

from typing import Final

from services.catalog.product.domain.product import Product
from shared.elements.store.index_table import IndexGroup, IndexTable
from shared.kit.storage.indexes import AS_PEOPLE_SORT, Index
from shared.kit.storage.lookups import Lookup
from shared.kit.storage.mongo_repository import MongoRepository

PRODUCTS = "products"
IN_ORDER = [("sort", 1), ("name", 1), ("_id", 1)]
IS_GIVEN = {"$gt": ""}
"""Any text. Not `$type`: MongoDB does not see that a query for one text is covered by that."""
PRODUCT_INDEXES = (
    Index([("number", 1)], unique=True, name="number"),
    Index([("catalog_id", 1), *IN_ORDER], name="in_order"),
    Index([("catalog_id", 1), ("active", 1), *IN_ORDER], name="in_order_by_activity"),
    Index(IN_ORDER, name="by_sort"),
    Index([("name", 1), ("_id", 1)], name="by_name", collation=AS_PEOPLE_SORT),
    Index(
        [("catalog_id", 1), ("external_id", 1)],
        unique=True,
        partial={"external_id": IS_GIVEN},
        name="external_id",
    ),
)
PRODUCT_TABLE: Final = IndexTable(
    (
        IndexGroup("_id_", ("id",), order=None),
        IndexGroup("external_id", ("catalog_id", "external_id"), order=None, is_partial=True),
        IndexGroup("in_order_by_activity", ("catalog_id", "active"), order="sort", is_single=True),
        IndexGroup("in_order", ("catalog_id",), order="sort", is_single=True),
        IndexGroup("by_sort", order="sort"),
        IndexGroup("number", order="number"),
        IndexGroup("by_name", order="name"),
    ),
    collated=frozenset({"name"}),
    then={"sort": ("name",)},
    first_order=("sort", "asc"),
)
"""How filtered lists of products are found."""


class ProductViews:
    """Read views of products."""

    def __init__(self, products: MongoRepository[Product]) -> None:
        self._products = products
        self._external_ids = Lookup(products.collection, "catalog_id", "external_id")

    async def by_external_id(self, catalog_id: str, external_id: str) -> Product | None:
        """Find the product that an integration knows by this id (PROD-10)."""
        document = await self._external_ids.find(catalog_id, external_id)
        return None if document is None else self._products.read(document)
