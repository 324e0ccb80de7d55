"""Requests and answers of the product API."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

from crm_contracts.products import BASE_PRICE_TYPE, ListPrice, ProductFields, ProductState
from pydantic import StringConstraints

from services.catalog.product.domain.product import Product
from shared.elements.schemas.fields import fields_in
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.scalars import Code, NewId
from shared.elements.schemas.strict_types import StrictDecimal
from shared.elements.schemas.values import ValueIn
from shared.kit.domain import invalid_field
from shared.kit.web.batches import BatchIn
from shared.kit.web.schemas import Input

ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Quantity = Annotated[Decimal, StrictDecimal(whole=9, places=6)]


class ListPriceIn(ValueIn):
    """One entry of the price list (PROD-11)."""

    price_type_id: Code = BASE_PRICE_TYPE
    price: MoneyIn
    quantity_from: Quantity | None = None
    quantity_to: Quantity | None = None

    def value_of(self) -> ListPrice:
        """Make the value that the rules take."""
        return ListPrice(**{**dict(self), "price": self.price.value_of()})


class ProductFieldsIn(fields_in(ProductFields, base=Input, values={ListPrice: ListPriceIn})):  # type: ignore[misc]
    """Fields of a product; on PATCH, absent fields stay unchanged."""

    def fields(self) -> dict[str, Any]:
        """Convert the given fields to the domain's values."""
        return given_fields(self, ProductFields)

    def fields_of(self, external_id: str) -> dict[str, Any]:
        """Convert the given fields, for the product of this external id.

        Raises:
            Invalid: the body names another external id.
        """
        fields = {"external_id": external_id, **self.fields()}
        if fields["external_id"] != external_id:
            raise invalid_field("external_id", "not_the_path", "the path names another external id")
        return fields


class ProductIn(ProductFieldsIn):
    """A new product; only the name is needed (PROD-01)."""

    id: NewId | None = None
    catalog_id: Code = "default"

    @property
    def identities(self) -> Iterator[tuple[str, str | tuple[str, str]]]:
        """What no two products of a batch may have in common, by the field that says it."""
        if self.id is not None:
            yield "id", self.id
        if self.external_id is not None:
            yield "external_id", (self.catalog_id, self.external_id)


class ProductsIn(BatchIn[ProductIn]):
    """New products, or products as another system has them."""


class ProductOut(ProductState):
    """A product with its version."""

    version: int

    @classmethod
    def of(cls, product: Product) -> "ProductOut":
        """Convert a product."""
        return cls(**dict(product.state), version=product.version)
