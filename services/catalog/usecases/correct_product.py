"""Fields of a product are corrected (PROD-06)."""

from collections.abc import Mapping
from typing import Any

from services.catalog.domain.product import Product
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def correct_product(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    products: Repository[Product],
    expected_version: int | None = None,
) -> Product:
    """Set the given fields; values that stand there already are no change.

    Raises:
        NotFound: no such product.
        VersionMismatch: the caller's copy is old.
        ExternalIdTaken: the external id belongs to another product of the catalog.
    """
    return await products.change(
        id_, lambda found: found.correct(changes, by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )
