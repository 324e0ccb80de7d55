"""Use cases of products: create, correct, upsert."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, Protocol

from crm_contracts.products import ProductFields
from crm_contracts.values import Fields

from services.catalog.product.domain.prices import with_vat_rate
from services.catalog.product.domain.product import ExternalIdTaken, Product
from shared.elements.domain.dictionary_codes import DictionaryCodes
from shared.kit.domain import Cause, Findings, derived_id
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import NewRecords, Records, refuse_new
from shared.kit.storage.repository_errors import IdTaken

Create = Callable[[str, str, Mapping[str, Any], Cause], Awaitable[Product]]
"""`create_product` with its collaborators."""


class ByExternalId(Protocol):
    """Finds products by external id."""

    async def by_external_id(self, catalog_id: str, external_id: str) -> Product | None:
        """Find the product with this external id."""
        ...


class OwnDictionaries(Protocol):
    """The dictionaries of this service."""

    async def codes(self, fields: type[Fields], names: Iterable[str] | None = None) -> DictionaryCodes:
        """Find the codes that fields may have; of these fields alone, where named."""
        ...

    async def vat_rate(self, code: str) -> Decimal | None:
        """Find the percentage of a VAT rate."""
        ...


class DictionariesOfMany(OwnDictionaries, Protocol):
    """The dictionaries of this service, which can be read at once for many products."""

    async def read(self, fields: type[Fields]) -> OwnDictionaries:
        """Read all dictionaries of these fields."""
        ...


async def create_product(
    id_: str,
    catalog_id: str,
    fields: Mapping[str, Any],
    cause: Cause,
    *,
    products: NewRecords[Product],
    dictionaries: OwnDictionaries,
    numbers: Numbers,
) -> Product:
    """Create a product in its catalog, which never changes afterwards (PROD-01).

    Raises:
        Invalid: no name, a main section outside the list, or prices that do not fit together.
        UnknownValue: a unit of measure or a VAT rate that does not exist.
        ExternalIdTaken: the external id belongs to another product of the catalog.
    """
    codes = await dictionaries.codes(ProductFields, fields)
    rate = await _rate(fields, dictionaries)
    given, findings = fields, Findings()
    with findings.collecting():
        given = with_vat_rate(codes.for_new(fields), ProductFields(), rate)

    def make(number: int) -> Product:
        return Product.create(id_, number, catalog_id, given, by=cause.actor, at=cause.at)

    with findings.collecting():
        make(0)
    findings.refuse()
    return await products.add_numbered(make, cause, numbers)


async def correct_product(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    products: Records[Product],
    dictionaries: OwnDictionaries,
    expected_version: int | None = None,
) -> Product:
    """Set the given fields of a product (PROD-06).

    Raises:
        NotFound: no such product.
        UnknownValue: a unit of measure or a VAT rate that does not exist.
        VersionMismatch: the caller's copy is old.
        ExternalIdTaken: the external id belongs to another product of the catalog.
    """
    codes = await dictionaries.codes(ProductFields, changes)
    rate = await _rate(changes, dictionaries)

    def correct(product: Product) -> None:
        given, findings = changes, Findings()
        with findings.collecting():
            given = with_vat_rate(codes.for_existing(changes, product), product, rate)
        with findings.collecting():
            product.correct(given, by=cause.actor, at=cause.at)
        findings.refuse()

    return await products.change(id_, correct, cause, expected_version=expected_version)


async def _rate(fields: Mapping[str, Any], dictionaries: OwnDictionaries) -> Decimal | None:
    code = fields.get("vat_id")
    return None if code is None else await dictionaries.vat_rate(code)


async def upsert_product(
    catalog_id: str,
    fields: Mapping[str, Any],
    cause: Cause,
    *,
    fresh_id: str,
    products: Records[Product],
    dictionaries: OwnDictionaries,
    views: ByExternalId,
    create: Create,
    expected_version: int | None = None,
    new_id: str | None = None,
) -> tuple[Product, bool]:
    """Create the product of `fields["external_id"]`, or correct it (PROD-10).

    A new one has the id `new_id`, if one is given. Else its id is derived from the external id, so that parallel calls
    meet in one document; `fresh_id` is used where the product that had this external id before has another one now.

    Returns:
        The product, and whether it is new.

    Raises:
        VersionMismatch: the caller's copy of an existing product is old, or there is none of which it has a copy.
        IdTaken: another product has the id `new_id`.
    """
    external_id = fields["external_id"]
    derived = (derived_id("product", catalog_id, external_id), fresh_id, fresh_id)
    for id_ in derived if new_id is None else (new_id, new_id):
        found = await views.by_external_id(catalog_id, external_id)
        if found is not None:
            corrected = await correct_product(
                found.id,
                fields,
                cause,
                products=products,
                dictionaries=dictionaries,
                expected_version=expected_version,
            )
            return corrected, False
        refuse_new(products.noun, expected_version)
        # The id or the external id is taken: by a parallel call, or the id was used before.
        taken = (IdTaken, ExternalIdTaken) if new_id is None else (ExternalIdTaken,)
        with suppress(*taken):
            return await create(id_, catalog_id, fields, cause), True
    raise ExternalIdTaken
