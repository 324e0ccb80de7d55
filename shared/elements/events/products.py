"""Keep the view of the catalog's products from its events."""

from typing import Any

from crm_contracts.envelope import Envelope
from crm_contracts.products import ProductCreated, ProductFields, ProductUpdated

from shared.elements.store.products import Products
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


def product_reactions(products: Products) -> Reactions:
    """Make the reactions to new and changed products."""

    async def on_product_created(event: Envelope[ProductCreated], _: Cause) -> None:
        full = ProductFields.model_validate(event.data.product.model_dump())
        await products.remember(event.subject, _kept(full), event.sequence or 1)

    async def on_product_updated(event: Envelope[ProductUpdated], _: Cause) -> None:
        changed = _kept(event.data.after)
        if changed:
            await products.remember(event.subject, changed, event.sequence or 1)

    return [on(ProductCreated, on_product_created), on(ProductUpdated, on_product_updated)]


def _kept(fields: ProductFields) -> dict[str, Any]:
    """Take name, activity and prices, as far as they were set."""
    price, entries = fields.base_price, fields.base_prices
    has_ranges = any(each.has_range for each in entries)
    kept = {
        "name": fields.name,
        "active": fields.active,
        "price": price.model_dump() if price else None,
        "prices": [each.model_dump() for each in entries] if has_ranges else [],
    }
    given = {*fields.model_fields_set, *({"price"} if "prices" in fields.model_fields_set else ())}
    return {name: value for name, value in kept.items() if name in given}
