"""What an element service remembers of the catalog's products, fed by events, to validate and name rows.

The surprise: an update carries only the fields that changed, and may come late or again, so each field remembers the
`sequence` that set it and is only ever set by a newer one.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from crm_contracts.envelope import Envelope, Event
from crm_contracts.products import ProductCreated, ProductFields, ProductUpdated
from crm_contracts.values import Money

from shared.elements.domain.product_rows import ProductFacts
from shared.kit.domain import Cause
from shared.kit.storage.collection import Collection


class Products:
    """The service's own view of the catalog."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def facts(self, ids: Iterable[str | None]) -> dict[str, ProductFacts]:
        """What is known of these products, by id."""
        wanted = sorted({id_ for id_ in ids if id_})
        if not wanted:
            return {}
        # An update may be all that was ever heard of a product: without name and activity it cannot be sold yet.
        known = {"name": {"$exists": True}, "active": {"$exists": True}}
        found = await self._collection.find({"_id": {"$in": wanted}, **known})
        return {
            document["_id"]: ProductFacts(
                id=document["_id"],
                name=document["name"],
                active=document["active"],
                price=Money.model_validate(document["price"]) if document.get("price") else None,
            )
            for document in found
        }

    async def remember(self, id_: str, fields: dict[str, Any], sequence: int) -> None:
        """Set each field unless newer news of it is known."""
        newer = {name: {"$gt": [sequence, {"$ifNull": [f"$seq.{name}", 0]}]} for name in fields}
        values = {name: {"$cond": [newer[name], {"$literal": value}, f"${name}"]} for name, value in fields.items()}
        seen = {f"seq.{name}": {"$max": [sequence, {"$ifNull": [f"$seq.{name}", 0]}]} for name in fields}
        await self._collection.update({"_id": id_}, [{"$set": values}, {"$set": seen}], upsert=True)


def _known(fields: ProductFields) -> dict[str, Any]:
    """Name, activity and price, as far as they were set."""
    price = fields.base_price
    known = {"name": fields.name, "active": fields.active, "price": price.model_dump() if price else None}
    given = {"price" if name == "prices" else name for name in fields.model_fields_set}
    return {name: value for name, value in known.items() if name in given}


async def on_product_created(event: Envelope[ProductCreated], _: Cause, *, products: Products) -> None:
    """A product can be sold."""
    full = ProductFields.model_validate(event.data.product.model_dump())
    await products.remember(event.subject, _known(full), event.sequence or 1)


async def on_product_updated(event: Envelope[ProductUpdated], _: Cause, *, products: Products) -> None:
    """Name, price or activity of a product changed, perhaps."""
    known = _known(event.data.after)
    if known:
        await products.remember(event.subject, known, event.sequence or 1)


PRODUCT_REACTIONS: Mapping[type[Event], Callable[..., Awaitable[None]]] = {
    ProductCreated: on_product_created,
    ProductUpdated: on_product_updated,
}
