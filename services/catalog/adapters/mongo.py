"""Where products are kept, and the ways to read them other than by id."""

from typing import Any

from services.catalog.domain.product import Product
from shared.kit.auth import Caller
from shared.kit.mongo import Index
from shared.kit.pages import newest_first
from shared.kit.repository import MongoRepository

PRODUCTS = "products"
NEWEST = [("created_at", -1), ("_id", -1)]
PRODUCT_INDEXES = (
    Index([("number", 1)], unique=True, name="number"),
    Index([("catalog_id", 1), *NEWEST], name="newest"),
    Index([("catalog_id", 1), ("active", 1), *NEWEST], name="by_activity"),
    Index(
        [("catalog_id", 1), ("external_id", 1)],
        unique=True,
        partial={"external_id": {"$type": "string"}},
        name="external_id",
    ),
)


class ProductViews:
    """Reads of several products."""

    def __init__(self, products: MongoRepository[Product]) -> None:
        self._products = products

    async def page(
        self, catalog_id: str, *, active: bool | None, access: Caller, limit: int, cursor: str | None
    ) -> tuple[list[Product], str | None]:
        """Products of a catalog, newest first."""
        del access  # every reader reads every product until rights per record exist (PERM)
        where: dict[str, Any] = {"catalog_id": catalog_id}
        if active is not None:
            where["active"] = active
        documents, more = await newest_first(self._products.collection, where, limit=limit, cursor=cursor)
        return [self._products.read(document) for document in documents], more

    async def by_external_id(self, catalog_id: str, external_id: str) -> Product | None:
        """The product that an integration knows by this id (PROD-10)."""
        document = await self._products.collection.first({"catalog_id": catalog_id, "external_id": external_id})
        return None if document is None else self._products.read(document)
