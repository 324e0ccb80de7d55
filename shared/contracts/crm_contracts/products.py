"""Products and the events about them, on `crm.catalog.events`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Final

from pydantic import Field, computed_field

from crm_contracts.events import Created, ElementEvent, Updated
from crm_contracts.field_spec import FieldSpec
from crm_contracts.fields import Audited
from crm_contracts.values import ChangedFields, ElementRef, Exact, Fields, Money, Value

BASE_PRICE_TYPE = "base"


class ListPrice(Value):
    """One entry of a product's price list (PROD-11)."""

    price_type_id: str = Field(default=BASE_PRICE_TYPE, examples=["base"])
    price: Money
    quantity_from: Exact | None = None
    quantity_to: Exact | None = None

    @property
    def has_range(self) -> bool:
        """Whether it is the price of some quantities alone."""
        return self.quantity_from is not None or self.quantity_to is not None


_EXTERNAL_ID: Final = FieldSpec(title="External ID", shortest=1, is_verbatim=True)
_MEASURE: Final = FieldSpec(dictionary="measure", has_default=False, at_least=1, at_most=9999)


class ProductFields(Fields):
    """Fields of a product that its users edit freely (PROD-01, PROD-04, PROD-08, PROD-10, PROD-11)."""

    name: Annotated[str, FieldSpec(shortest=1, is_orderable=True)] = Field(default="", examples=["GTX Pro"])
    active: bool = True
    section_ids: Annotated[tuple[str, ...], FieldSpec(kind="element")] = ()
    main_section_id: Annotated[str | None, FieldSpec(kind="element")] = None
    external_id: Annotated[str | None, _EXTERNAL_ID] = Field(default=None, examples=["GTX Pro"])
    prices: tuple[ListPrice, ...] = ()
    measure_code: Annotated[int, _MEASURE] = Field(
        default=796,
        description="unit: a code of the dictionary `measure`, such as 796 for pieces",
    )
    vat_id: Annotated[str | None, FieldSpec(title="VAT", dictionary="vat", has_default=False)] = Field(
        default=None, examples=["DE_19"], description="VAT rate: a code of the dictionary `vat`"
    )
    vat_rate: Annotated[Exact | None, FieldSpec(title="VAT rate", at_most=100)] = Field(
        default=None, description="VAT in percent; that of `vat_id`, where one is chosen"
    )
    vat_included: Annotated[bool, FieldSpec(title="VAT included")] = False
    sort: Annotated[int, FieldSpec(at_least=0, at_most=10**6, is_orderable=True)] = 500

    @property
    def base_prices(self) -> Sequence[ListPrice]:
        """The entries of the base price list."""
        return [entry for entry in self.prices if entry.price_type_id == BASE_PRICE_TYPE]

    @property
    def base_price(self) -> Money | None:
        """The entry of the base price list without a quantity range, or its first one."""
        entries = self.base_prices
        plain = next((entry for entry in entries if not entry.has_range), entries[0] if entries else None)
        return plain.price if plain else None


class ProductState(ProductFields, Audited):
    """A product as everybody may see it (PROD-05, PROD-06)."""

    id: Annotated[str, FieldSpec(title="ID", kind="element")]
    number: Annotated[int, FieldSpec(is_orderable=True)]
    created_at: datetime  # no list of products has this order
    catalog_id: str = Field(default="default", description="catalog the product belongs to; immutable")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def available(self) -> Annotated[bool, FieldSpec(is_filterable=False)]:
        """Whether it can be bought now (PROD-08): as long as no product has a quantity, whether it is active."""
        return self.active


class OfProduct(ElementEvent):
    """An event in the history of a product."""

    product: ElementRef

    @property
    def element(self) -> ElementRef:
        """The product."""
        return self.product


class ProductCreated(Created):
    """A product was entered."""

    ce_type: ClassVar[str] = "crm.product.created.v1"
    product: ProductState

    @property
    def element(self) -> ElementRef:
        """The product."""
        return ElementRef(type="product", id=self.product.id, title=self.product.name)

    @property
    def state(self) -> ProductState:
        """All that may be known of it."""
        return self.product


class ProductUpdated(Updated, OfProduct):
    """Fields of a product changed; rows that name it keep their own copy (PROD-13)."""

    ce_type: ClassVar[str] = "crm.product.updated.v1"
    before: Annotated[ProductFields, ChangedFields]
    after: Annotated[ProductFields, ChangedFields]
