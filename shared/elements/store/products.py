"""View of the catalog's products, kept from events, to validate and name product rows.

An update carries only the fields that changed, and may be delivered late or twice, so each field keeps the `sequence`
that set it and is only set by a newer one.
"""

from collections.abc import Iterable
from typing import Any, Final

from crm_contracts.products import ListPrice
from crm_contracts.values import Money

from shared.elements.domain.product_rows import ProductFacts
from shared.elements.store.newest import newest
from shared.kit.storage.collection import Collection

PRODUCT_PRICES: Final = "products.prices"
"""The view as one that is filled: it was kept without prices of ranges before (PROD-11)."""


class Products:
    """The service's own view of the catalog."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def facts(self, ids: Iterable[str | None]) -> dict[str, ProductFacts]:
        """Find what is known of these products, by id."""
        wanted = sorted({id_ for id_ in ids if id_})
        if not wanted:
            return {}
        # Where only updates were received so far, name and activity are missing, and the product cannot be sold yet.
        known = {"name": {"$exists": True}, "active": {"$exists": True}}
        found = await self._collection.find({"_id": {"$in": wanted}, **known})
        return {
            document["_id"]: ProductFacts(
                id=document["_id"],
                name=document["name"],
                active=document["active"],
                price=Money.model_validate(document["price"]) if document.get("price") else None,
                prices=tuple(ListPrice.model_validate(each) for each in document.get("prices", ())),
            )
            for document in found
        }

    async def remember(self, id_: str, fields: dict[str, Any], sequence: int) -> None:
        """Set each field unless a newer event has set it."""
        await self._collection.put({"_id": id_}, [{"$set": newest(fields, sequence, under="seq")}])
