"""A product is entered (PROD-01)."""

from collections.abc import Mapping
from typing import Any

from services.catalog.domain.product import Product
from shared.kit.domain import Cause
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository


async def create_product(
    id_: str,
    catalog_id: str,
    fields: Mapping[str, Any],
    cause: Cause,
    *,
    products: Repository[Product],
    numbers: Numbers,
) -> Product:
    """Create it in its catalog, which it never leaves.

    Raises:
        Invalid: no name, a main section outside the list, or two base prices.
        ExternalIdTaken: the external id belongs to another product of the catalog.
    """
    return await products.add_numbered(
        lambda number: Product.create(id_, number, catalog_id, fields, by=cause.actor, at=cause.at), cause, numbers
    )
