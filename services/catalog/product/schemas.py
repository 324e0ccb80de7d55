"""Requests and answers of the product API."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

from crm_contracts.products import BASE_PRICE_TYPE, ListPrice, ProductState
from pydantic import Field, StrictBool, StringConstraints

from services.catalog.product.domain.product import Product
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.scalars import Code, NewId, Sort
from shared.elements.schemas.strict_types import WHOLE, StrictDecimal
from shared.kit.domain import invalid_field
from shared.kit.web.batches import BatchIn
from shared.kit.web.schemas import Input

ProductName = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
SectionId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Quantity = Annotated[Decimal, StrictDecimal(whole=9, places=6)]
Percent = Annotated[Decimal, StrictDecimal(whole=3, places=4, most=100)]
MeasureCode = Annotated[int, Field(ge=1, le=9999), WHOLE]


class ListPriceIn(Input):
    """One entry of the price list (PROD-11)."""

    price_type_id: Code = BASE_PRICE_TYPE
    price: MoneyIn
    quantity_from: Quantity | None = None
    quantity_to: Quantity | None = None

    def entry(self) -> ListPrice:
        """Convert to the domain's value."""
        return ListPrice(**{**dict(self), "price": self.price.value_of()})


class ProductFieldsIn(Input):
    """Fields of a product; on PATCH, absent fields stay unchanged."""

    name: ProductName = ""
    active: StrictBool = True
    section_ids: Annotated[list[SectionId], Field(max_length=100)] = []
    main_section_id: SectionId | None = None
    external_id: ExternalId | None = None
    prices: Annotated[list[ListPriceIn], Field(max_length=100)] = []
    measure_code: MeasureCode = 796
    vat_id: Code | None = None
    vat_rate: Percent | None = None
    vat_included: StrictBool = False
    sort: Sort = 500

    def fields(self) -> dict[str, Any]:
        """Convert the given fields to the domain's values."""
        given = {name: getattr(self, name) for name in ProductFieldsIn.model_fields if name in self.model_fields_set}
        if "prices" in given:
            given["prices"] = tuple(entry.entry() for entry in self.prices)
        if "section_ids" in given:
            given["section_ids"] = tuple(dict.fromkeys(self.section_ids))
        return given

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
