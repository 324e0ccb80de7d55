"""Requisites, bank details, and which of them an element chose (REQ-01 to REQ-05)."""

from pydantic import Field

from crm_contracts.values import Address, LinkState, Value


class BankDetail(Value):
    """An account, under a requisite (REQ-04)."""

    id: str
    name: str = Field(examples=["Main account"])
    country_code: str | None = Field(default=None, examples=["DE"], description="that of the requisite's preset")
    fields: dict[str, str] = Field(default={}, examples=[{"RQ_IBAN": "DE89370400440532013000"}])
    comments: str | None = None
    active: bool = True
    sort: int = 500
    code: str | None = Field(default=None, description="a short name for other systems to know it by")
    external_id: str | None = Field(default=None, description="its id in another system")


class Requisite(Value):
    """Legal details of a client, by the preset of a country (REQ-01), or a mere carrier of addresses (REQ-03)."""

    id: str
    name: str = Field(examples=["Office"])
    preset_id: str | None = Field(default=None, examples=["company-de"], description="null for a carrier of addresses")
    country_code: str | None = Field(default=None, examples=["DE"])
    address_only: bool = Field(default=True, description="carries addresses and is not shown as requisites")
    fields: dict[str, str] = Field(default={}, examples=[{"RQ_VAT_ID": "DE136695976"}])
    addresses: tuple[Address, ...] = Field(default=(), description="one of each type")
    bank_details: tuple[BankDetail, ...] = ()
    active: bool = True
    sort: int = 500
    code: str | None = Field(default=None, description="a short name for other systems to know it by")
    external_id: str | None = Field(default=None, description="its id in another system")
    originator_id: str | None = Field(default=None, description="the system that it came from")


class RequisiteChoice(Value):
    """Which requisites count, the client's and those of a company of ours; null is not chosen (REQ-05)."""

    requisite_id: str | None = None
    bank_detail_id: str | None = Field(
        default=None, description="of the requisite", examples=["0199f2a4-0000-7000-8000-00000000bade"]
    )
    mc_requisite_id: str | None = Field(
        default=None, description="of a company of ours", examples=["0199f2a4-0000-7000-8000-00000000addf"]
    )
    mc_bank_detail_id: str | None = Field(
        default=None, description="of our requisite", examples=["0199f2a4-0000-7000-8000-00000000badf"]
    )


class RequisiteLink(RequisiteChoice):
    """The chosen requisites of an element, and whether they are as they should be (REQ-05).

    `choice_no` rises with each choice; an answer about another `choice_no` is stale. What was refused is not chosen.
    """

    choice_no: int = 0
    state: LinkState = "none"
    refusal: str | None = Field(default=None, description="code, where state is `refused`")
    refused_field: str | None = Field(default=None, description="the id that is wrong, where state is `refused`")

    @property
    def choice(self) -> RequisiteChoice:
        """What is chosen, whatever is known of it."""
        return RequisiteChoice(**{name: getattr(self, name) for name in RequisiteChoice.model_fields})
