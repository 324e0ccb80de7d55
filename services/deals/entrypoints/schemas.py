"""What goes in and out of the deals API."""

from typing import Annotated, Any

from crm_contracts.deals import DealState
from pydantic import BaseModel, Field, StrictBool

from services.deals.domain.deal import Deal
from services.deals.domain.stages import DEFAULT_PIPELINE
from services.deals.usecases.create_deal import NewDeal
from shared.elements.schemas.client_field import ClientIn
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.origin import NewRecordIn
from shared.elements.schemas.product_rows import Rows
from shared.elements.schemas.scalars import Code, Currency, ElementId, Text, Title, UserId
from shared.elements.schemas.strict_types import StrictDate
from shared.elements.schemas.tracking import UtmIn
from shared.kit.web.schemas import Input


class DealFieldsIn(Input):
    """Fields of a deal; on PATCH, what is absent stays as it is."""

    title: Title = ""
    begin_date: StrictDate | None = None
    close_date: StrictDate | None = None
    additional_info: Text | None = None
    comments: Text | None = None
    source_id: Code | None = None
    source_description: Text | None = None
    responsible_id: UserId | None = None
    observers: Annotated[list[UserId], Field(max_length=100)] = []
    open_to_all: StrictBool = True
    utm: UtmIn | None = None

    def fields(self) -> dict[str, Any]:
        """What was given, as the domain has it."""
        return given_fields(self, DealFieldsIn)


class DealIn(NewRecordIn, DealFieldsIn, ClientIn):
    """A new deal; nothing is mandatory (DEAL-01)."""

    pipeline_id: ElementId = DEFAULT_PIPELINE
    stage_id: Code | None = None
    rows: Rows = []
    amount: MoneyIn | None = None
    currency: Currency | None = None
    is_manual_amount: StrictBool | None = None

    def to_domain(self) -> NewDeal:
        """As the use case has it."""
        return NewDeal(
            fields=self.fields(),
            pipeline_id=self.pipeline_id,
            stage_id=self.stage_id,
            company_id=self.company,
            contacts=[link.to_domain() for link in self.contacts or ()],
            auto_link_contacts=self.auto_link_contacts is not False,
            rows=[row.to_domain() for row in self.rows],
            amount=self.amount.value_of() if self.amount else None,
            currency=self.currency,
            is_manual_amount=self.is_manual_amount,
            origin=self.origin,
        )


class DealPatch(DealFieldsIn, ClientIn):
    """Changes of a deal: fields, or its client."""


class DealOut(DealState):
    """A deal with its version."""

    version: int

    @classmethod
    def of(cls, deal: Deal) -> "DealOut":
        """What is shown."""
        return cls(**dict(deal.state), version=deal.version)


class ContactAdded(BaseModel):
    """Whether the contact was linked just now; false where it was already (CLI-06)."""

    added: bool
    deal: DealOut
