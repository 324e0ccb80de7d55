"""Rules of a product.

A product that cannot be sold for now is switched off, not deleted. Rows of elements keep their own copy of its name and
price, so a change here reaches no existing row.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts.products import BASE_PRICE_TYPE, ProductCreated, ProductFields, ProductState, ProductUpdated
from crm_contracts.values import ElementRef

from shared.kit.domain import Aggregate, Conflict, change_fields, invalid_field


class ExternalIdTaken(Conflict):
    """Another product of the catalog has this external id (PROD-10)."""

    code = "external_id_taken"

    def __init__(self) -> None:
        super().__init__("Another product has this external id.")


class Product(Aggregate, ProductState):
    """Something that can be sold (PROD-01)."""

    NOUN: ClassVar[str] = "product"

    @classmethod
    def create(
        cls, id_: str, number: int, catalog_id: str, fields: Mapping[str, Any], *, by: str, at: datetime
    ) -> Self:
        """Create a product.

        Raises:
            Invalid: no name, a main section outside the list, two base prices, or a range that ends before it begins.
        """
        product = cls(
            id=id_,
            number=number,
            catalog_id=catalog_id,
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        change_fields(product, product._with_main_section(fields), ProductFields)
        product._check()
        product.record(ProductCreated(product=product.state))
        return product

    @property
    def ref(self) -> ElementRef:
        """Reference to this product."""
        return ElementRef(type="product", id=self.id, title=self.name)

    @property
    def state(self) -> ProductState:
        """The public state."""
        return ProductState.model_construct(**{name: getattr(self, name) for name in ProductState.model_fields})

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Set fields; record nothing where each has its value already (PROD-06).

        Raises:
            Invalid: see `create`.
        """
        changed = change_fields(self, self._with_main_section(changes), ProductFields)
        if changed:
            self._check()
            self.updated_by, self.updated_at = by, at
            self.record(ProductUpdated(product=self.ref, before=changed[0], after=changed[1]))

    def _with_main_section(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add the first section as the main one where the changes name none (PROD-04)."""
        if not {"section_ids", "main_section_id"} & changes.keys():
            return changes
        sections = changes.get("section_ids", self.section_ids)
        kept = self.main_section_id if self.main_section_id in sections else None
        main = changes.get("main_section_id", kept)
        return {**changes, "main_section_id": next(iter(sections), None) if main is None else main}

    def _check(self) -> None:
        if not self.name:
            raise invalid_field("name", "missing", "a product needs a name")
        if self.main_section_id is not None and self.main_section_id not in self.section_ids:
            raise invalid_field(
                "main_section_id", "not_in_sections", "the main section is one of the sections (PROD-04)"
            )
        plain = [p for p in self.prices if p.price_type_id == BASE_PRICE_TYPE and p.quantity_from is None]
        if len(plain) > 1:
            raise invalid_field("prices", "several_base_prices", "a product has one base price")
        ranges = [(p.quantity_from or 0, p.quantity_to) for p in self.prices]
        empty = [number for number, (start, end) in enumerate(ranges) if end is not None and end < start]
        if empty:
            raise invalid_field(f"prices.{empty[0]}.quantity_to", "empty_range", "the range ends before it begins")
