"""Rules of a product.

A product that cannot be sold for now is switched off, not deleted. Rows of elements keep their own copy of its name and
price, so a change here reaches no existing row.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts.products import ProductCreated, ProductFields, ProductState, ProductUpdated
from crm_contracts.values import ElementRef

from services.catalog.product.domain.prices import check_prices
from shared.elements.domain.element import taken_by
from shared.kit.domain import Aggregate, Conflict, Findings, change_fields, invalid_field


class ExternalIdTaken(Conflict):
    """Another product of the catalog has this external id (PROD-10); `existing_id` is its id."""

    code = "external_id_taken"
    advice = (
        "Correct the product `existing_id`, or send the request as an upsert: a PUT to "
        "`/v1/products/external/{external_id}`, or a batch with `on_existing: correct`."
    )

    def __init__(self, id_: str | None = None) -> None:
        super().__init__(*taken_by("product", id_, "has this external id"))


class Product(Aggregate, ProductState):
    """Something that can be sold (PROD-01)."""

    NOUN: ClassVar[str] = "product"

    @classmethod
    def create(
        cls, id_: str, number: int, catalog_id: str, fields: Mapping[str, Any], *, by: str, at: datetime
    ) -> Self:
        """Create a product.

        Raises:
            Invalid: no name, a main section outside the list, or prices that do not fit together.
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
        product._check(prices=True)
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
            self._check(prices="prices" in changed[0].model_fields_set)  # prices of before the rules may stay
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

    def _check(self, *, prices: bool) -> None:
        findings = Findings()
        with findings.collecting():
            if not self.name:
                raise invalid_field("name", "missing", "a product needs a name")
        with findings.collecting():
            if self.main_section_id is not None and self.main_section_id not in self.section_ids:
                raise invalid_field(
                    "main_section_id", "not_in_sections", "the main section is one of the sections (PROD-04)"
                )
        with findings.collecting():
            if prices:
                check_prices(self.prices)
        findings.refuse()
