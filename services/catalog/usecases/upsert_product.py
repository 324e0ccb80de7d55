"""A product is taken over from another system, as often as that system likes (PROD-10)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from services.catalog.domain.errors import ExternalIdTaken
from services.catalog.domain.product import Product
from services.catalog.usecases.correct_product import correct_product
from shared.kit.domain import Cause, derived_id
from shared.kit.repository import IdTaken, Repository

Create = Callable[[str, str, Mapping[str, Any], Cause], Awaitable[Product]]
"""`create_product` with its collaborators."""


class ByExternalId(Protocol):
    """Finds a product by the id that an integration gave it."""

    async def by_external_id(self, catalog_id: str, external_id: str) -> Product | None:
        """The product, or None."""
        ...


async def upsert_product(
    catalog_id: str,
    fields: Mapping[str, Any],
    cause: Cause,
    *,
    products: Repository[Product],
    views: ByExternalId,
    create: Create,
) -> tuple[Product, bool]:
    """Create the product of `fields["external_id"]`, or correct it.

    Returns:
        The product, and whether it is new.
    """
    external_id = fields["external_id"]
    found = await views.by_external_id(catalog_id, external_id)
    if found is None:
        try:
            return await create(derived_id("product", catalog_id, external_id), catalog_id, fields, cause), True
        except (IdTaken, ExternalIdTaken):
            # Somebody else was faster with the same external id.
            found = await views.by_external_id(catalog_id, external_id)
            if found is None:
                raise
    return await correct_product(found.id, fields, cause, products=products), False
