"""Bodies of requisites: legal details, addresses and bank accounts."""

from typing import Annotated

from crm_contracts.requisites import BankDetail, Requisite
from crm_contracts.values import Value
from pydantic import Field, StrictBool, StringConstraints

from services.clients.records.domain.bank_details import NO_ID
from services.clients.records.domain.presets import OwnerType, default_preset
from shared.elements.schemas.address import AddressIn
from shared.elements.schemas.scalars import Code, Country, ElementId, NewId, OriginPart, Sort, Text, Title
from shared.kit.web.schemas import Input

RequisiteValues = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^RQ_[A-Z_]{1,40}$")], Title], Field(max_length=50)
]
"""By code, such as `RQ_INN`."""


class BankDetailIn(Input):
    """An account (REQ-04)."""

    id: ElementId | None = Field(default=None, description="of a known account, or chosen for a new one")
    name: Annotated[Title, Field(min_length=1)]
    country_code: Country | None = None
    fields: RequisiteValues = {}
    comments: Text | None = None
    active: StrictBool = True
    sort: Sort = 500
    code: Code | None = None
    external_id: OriginPart | None = None


class RequisiteIn(Input):
    """Requisites (REQ-01): of a preset, or a carrier of addresses."""

    name: Annotated[Title, Field(min_length=1)]
    preset_id: Code | None = Field(
        default=None, description="absent, that of a person or of an organisation in `country_code`, or here"
    )
    country_code: Country | None = None
    address_only: StrictBool = False
    fields: RequisiteValues = {}
    addresses: Annotated[list[AddressIn], Field(max_length=6)] = []
    bank_details: Annotated[list[BankDetailIn], Field(max_length=20)] = []
    active: StrictBool = True
    sort: Sort = 500
    code: Code | None = None
    external_id: OriginPart | None = None
    originator_id: OriginPart | None = None

    def requisite(self, id_: str, owner_type: OwnerType, country: str) -> Requisite:
        """Convert to the domain, not yet checked; `country` is that of the default preset, unless it names one."""
        details = [BankDetail(**{**detail.model_dump(), "id": detail.id or NO_ID}) for detail in self.bank_details]
        preset_id = self.preset_id
        if "preset_id" not in self.model_fields_set and not self.address_only:
            preset_id = default_preset(owner_type, self.country_code or country)
        return Requisite(
            **{
                **self.model_dump(),
                "id": id_,
                "preset_id": preset_id,
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
