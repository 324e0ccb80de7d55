"""Bodies of requisites: legal details, addresses and bank accounts."""

from typing import Annotated

from crm_contracts.requisites import BankDetail, Requisite
from crm_contracts.values import Value
from pydantic import Field, StrictBool, StringConstraints

from shared.elements.schemas.address import AddressIn
from shared.elements.schemas.scalars import Code, Country, ElementId, NewId, Sort, Text, Title
from shared.kit.domain import derived_id
from shared.kit.web.schemas import Input

RequisiteValues = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^RQ_[A-Z_]{1,40}$")], Title], Field(max_length=50)
]
"""By code, such as `RQ_INN`."""


class BankDetailIn(Input):
    """An account (REQ-04)."""

    id: ElementId | None = None
    name: Annotated[Title, Field(min_length=1)]
    country_code: Country | None = None
    fields: RequisiteValues = {}
    comments: Text | None = None
    active: StrictBool = True
    sort: Sort = 500


class RequisiteIn(Input):
    """Requisites (REQ-01): of a preset, or a carrier of addresses."""

    name: Annotated[Title, Field(min_length=1)]
    preset_id: Code | None = None
    address_only: StrictBool = False
    fields: RequisiteValues = {}
    addresses: Annotated[list[AddressIn], Field(max_length=6)] = []
    bank_details: Annotated[list[BankDetailIn], Field(max_length=20)] = []
    active: StrictBool = True
    sort: Sort = 500

    def requisite(self, id_: str) -> Requisite:
        """Convert to the domain, not yet checked; an account without an id gets one by its place."""
        details = [
            BankDetail(**{**detail.model_dump(), "id": detail.id or derived_id("bank-detail", id_, place)})
            for place, detail in enumerate(self.bank_details)
        ]
        return Requisite(
            **{
                **self.model_dump(),
                "id": id_,
                "addresses": tuple(address.value_of() for address in self.addresses),
                "bank_details": tuple(details),
            }
        )


class NewRequisiteIn(RequisiteIn):
    """New requisites."""

    id: NewId | None = None


class PresetFieldOut(Value):
    """A detail of a preset."""

    code: str
    title: str
    is_tax_number: bool


class PresetOut(Value):
    """The legal details of a country (REQ-01)."""

    id: str
    country_code: str
    owner_type: str
    name: str
    fields: list[PresetFieldOut]
