"""The rule book of a product.

The surprise: a product that cannot be sold for now is switched off, not deleted. What names it already keeps its own
copy of name and price, so no change here reaches an existing row.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from crm_contracts.catalog import BASE_PRICE_TYPE, ProductCreated, ProductFields, ProductState, ProductUpdated
from crm_contracts.values import ElementRef

from shared.kit.domain import Aggregate, Invalid, change_fields, invalid_field


class Product(Aggregate, ProductState):
    """Something that can be sold (PROD-01)."""

    @classmethod
    def create(
        cls, id_: str, number: int, catalog_id: str, fields: Mapping[str, Any], *, by: str, at: datetime
    ) -> Self:
        """A new product.

        Raises:
            Invalid: no name, a main section outside the list, or two base prices.
        """
        product = cls(
            **fields,
            id=id_,
            number=number,
            catalog_id=catalog_id,
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        product._check()
        product.record(ProductCreated(product=product.state))
        return product

    @property
    def ref(self) -> ElementRef:
        """Pointer to this product."""
        return ElementRef(type="product", id=self.id, title=self.name)

    @property
    def state(self) -> ProductState:
        """What everybody may see."""
        return ProductState.model_construct(**{name: getattr(self, name) for name in ProductState.model_fields})

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields; what has the value already is no change, and no change is no event (PROD-06).

        Raises:
            Invalid: see `create`.
        """
        given = dict(changes)
        sections = given.get("section_ids")
        if sections is not None and "main_section_id" not in given and self.main_section_id not in sections:
            given["main_section_id"] = next(iter(sections), None)
        changed = change_fields(self, given, ProductFields)
        if changed:
            self._check()
            self.updated_by, self.updated_at = by, at
            self.record(ProductUpdated(product=self.ref, before=changed[0], after=changed[1]))

    def _check(self) -> None:
        if not self.name:
            raise invalid_field("name", "missing", "a product needs a name")
        if self.main_section_id is None and self.section_ids:
            self.main_section_id = self.section_ids[0]
        if self.main_section_id is not None and self.main_section_id not in self.section_ids:
            raise invalid_field(
                "main_section_id", "not_in_sections", "the main section is one of the sections (PROD-04)"
            )
        plain = [p for p in self.prices if p.price_type_id == BASE_PRICE_TYPE and p.quantity_from is None]
        if len(plain) > 1:
            message = "a product has one base price"
            wrong = {"field": "prices", "code": "several_base_prices", "message": message}
            raise Invalid(message, {"errors": [wrong]})
