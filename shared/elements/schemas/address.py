"""Postal addresses in request bodies (REQ-03)."""

from typing import Literal

from crm_contracts.values import Address

from shared.elements.schemas.scalars import Code, Country, Title
from shared.elements.schemas.values import ValueIn


class AddressIn(ValueIn):
    """A postal address (REQ-03)."""

    type: Literal["physical", "registered", "legal", "mailing", "beneficiary", "shipping"] = "physical"
    address_1: Title | None = None
    address_2: Title | None = None
    city: Title | None = None
    postal_code: Code | None = None
    region: Title | None = None
    province: Title | None = None
    country: Title | None = None
    country_code: Country | None = None

    def value_of(self) -> Address:
        """Make the value that the rules take."""
        return Address(**self.model_dump())
