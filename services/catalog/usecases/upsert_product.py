"""A product is taken over from another system, as often as that system likes (PROD-10)."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from services.catalog.domain.errors import ExternalIdTaken
from services.catalog.domain.product import Product
from services.catalog.usecases.correct_product import correct_product
from shared.kit.domain import Cause, derived_id
from shared.kit.storage.repository import IdTaken, Repository

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
    fresh_id: str,
    products: Repository[Product],
    views: ByExternalId,
    create: Create,
    expected_version: int | None = None,
) -> tuple[Product, bool]:
    """Create the product of `fields["external_id"]`, or correct it.

    Its id follows from the external id, so that parallel calls meet; `fresh_id` is for the case that the product
    which once had this external id has another one now.

    Returns:
        The product, and whether it is new.

    Raises:
        VersionMismatch: the caller's copy of a product that is there is old.
    """
    external_id = fields["external_id"]
    for id_ in (derived_id("product", catalog_id, external_id), fresh_id, fresh_id):
        found = await views.by_external_id(catalog_id, external_id)
        if found is not None:
            corrected = await correct_product(
                found.id, fields, cause, products=products, expected_version=expected_version
            )
            return corrected, False
        # Where the id or the external id is taken, somebody was faster, or the id was used up long ago.
        with suppress(IdTaken, ExternalIdTaken):
            return await create(id_, catalog_id, fields, cause), True
    message = "Another product has this external id."
    raise ExternalIdTaken(message)
