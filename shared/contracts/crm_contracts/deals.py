"""Deals and the events about them, on `crm.deals.events`."""

from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import Field

from crm_contracts.client_field import Client, ClientField
from crm_contracts.conversions import ConversionRef
from crm_contracts.events import (
    ClientChanged,
    CompanyUnlinked,
    ContactsAttached,
    ContactsChecked,
    Created,
    Deleted,
    ElementEvent,
    LinkRefused,
    RequisitesChosen,
    ResponsibleChanged,
    RowsChanged,
    StageChanged,
    Updated,
)
from crm_contracts.field_spec import FieldSpec
from crm_contracts.fields import Audited, Identified, Owned, Sourced, Staged
from crm_contracts.product_rows import Priced
from crm_contracts.requisites import RequisiteLink
from crm_contracts.values import ChangedFields, ElementRef, Money


class DealFields(Owned, Sourced):
    """Fields of a deal that its users edit freely (DEAL-01)."""

    title: Annotated[str, FieldSpec(is_requirable=True, is_orderable=True)] = Field(
        default="", examples=["Pumps for ACME"]
    )
    type_id: Annotated[str | None, FieldSpec(dictionary="deal_type", is_requirable=True)] = Field(
        default=None,
        examples=["SALE"],
        description="what is sold: a code of the dictionary `deal_type`; the first one by default (DEAL-09)",
    )
    begin_date: Annotated[date | None, FieldSpec(is_requirable=True)] = None
    close_date: Annotated[date | None, FieldSpec(is_requirable=True)] = Field(
        default=None, description="expected day of closing; seven days after creation unless given (DEAL-12)"
    )
    probability: Annotated[int | None, FieldSpec(at_least=0, at_most=100)] = Field(
        default=None, examples=[50], description="probability of winning, in percent (DEAL-13)"
    )
    is_return_customer: bool | None = Field(
        default=None,
        description="the client had a won deal before; found out for a new deal unless given, null of older ones "
        "(DEAL-17)",
    )
    is_repeated_approach: bool | None = Field(
        default=None,
        description="the client had deals or leads before, and none of them was won or converted; found out for a new "
        "deal unless given, null of older ones (DEAL-17)",
    )
    additional_info: Annotated[str | None, FieldSpec(kind="text")] = None


class DealState(DealFields, Identified, Staged, Priced, Audited):
    """A deal as everybody may see it."""

    pipeline_id: str = "default"
    client: ClientField = Client()
    requisite_link: RequisiteLink = RequisiteLink()
    is_new: Annotated[bool, FieldSpec(is_later=True)] = Field(
        default=False, description="stands on the first stage of its pipeline (DEAL-08)"
    )
    closed: bool = False
    closed_at: datetime | None = None
    lead_id: Annotated[str | None, FieldSpec(kind="element")] = None
    quote_id: Annotated[str | None, FieldSpec(kind="element")] = None
    is_recurring: Annotated[bool, FieldSpec(is_later=True)] = Field(
        default=False, description="is a template that deals are made from, and no deal itself (DEAL-14)"
    )
    template_id: Annotated[str | None, FieldSpec(kind="element")] = Field(
        default=None, description="the template that it was made from (DEAL-15)"
    )


class OfDeal(ElementEvent):
    """An event in the history of a deal."""

    deal: ElementRef

    @property
    def element(self) -> ElementRef:
        """The deal."""
        return self.deal


class DealCreated(Created):
    """A deal was opened; with `client.link_state` pending it asks clients for the company's contacts (CLI-07)."""

    ce_type: ClassVar[str] = "crm.deal.created.v1"
    deal: DealState
    conversion: ConversionRef | None = Field(default=None, description="the conversion that asked for it")

    @property
    def element(self) -> ElementRef:
        """The deal."""
        return ElementRef(type="deal", id=self.deal.id, title=self.deal.title)

    @property
    def state(self) -> DealState:
        """All that may be known of it."""
        return self.deal


class DealUpdated(Updated, OfDeal):
    """Fields of a deal changed."""

    ce_type: ClassVar[str] = "crm.deal.updated.v1"
    before: Annotated[DealFields, ChangedFields]
    after: Annotated[DealFields, ChangedFields]


class DealDeleted(Deleted, OfDeal):
    """A deal was deleted, with its history; its clients stay (DEAL-19)."""

    ce_type: ClassVar[str] = "crm.deal.deleted.v1"
    before: DealState


class DealResponsibleChanged(ResponsibleChanged, OfDeal):
    """Another user is responsible for a deal (CMN-04)."""

    ce_type: ClassVar[str] = "crm.deal.responsible_changed.v1"
    pipeline_id: str | None = Field(default=None, examples=["default"], description="where the deal is")
    stage_id: str | None = Field(default=None, examples=["NEW"], description="where the deal is")


class DealClosed(OfDeal):
    """A deal was won or lost; `DealStageChanged` or `DealCreated`, which comes just before it, tells the stage as well.

    It comes once for each time that the deal is closed so: a move between two stages of failure brings no other one.
    """

    pipeline_id: str = Field(examples=["default"])
    stage_id: str
    amount: Money
    responsible_id: str = Field(examples=["anna"])
    client: ClientField = Client()


class DealWon(DealClosed):
    """A deal was won (DEAL-22)."""

    ce_type: ClassVar[str] = "crm.deal.won.v1"
    stage_id: str = Field(examples=["WON"])


class DealLost(DealClosed):
    """A deal was lost (DEAL-22)."""

    ce_type: ClassVar[str] = "crm.deal.lost.v1"
    stage_id: str = Field(examples=["LOSE"])


class DealAmountChanged(OfDeal):
    """The amount of a deal changed; `DealProductRowsChanged`, which comes just before it, tells the rows (DEAL-22)."""

    ce_type: ClassVar[str] = "crm.deal.amount_changed.v1"
    before: Money
    after: Money


class DealStageChanged(StageChanged, OfDeal):
    """A deal moved to another stage of its pipeline (DEAL-06, DEAL-08)."""

    ce_type: ClassVar[str] = "crm.deal.stage_changed.v1"
    pipeline_id: str = "default"
    to_stage: str = Field(examples=["WON"])
    responsible_id: str | None = Field(default=None, examples=["anna"], description="responsible for the deal")
    is_new: bool = Field(default=False, description="that is the first stage of the pipeline")


class DealMovedToPipeline(StageChanged, OfDeal):
    """A deal moved to another pipeline, and to a stage of it; nothing else tells that move (PIPE-05, DEAL-22)."""

    ce_type: ClassVar[str] = "crm.deal.moved_to_pipeline.v1"
    from_pipeline: str = Field(examples=["default"])
    pipeline_id: str = Field(examples=["partners"], description="from now on")
    to_stage: str = Field(examples=["Cpartners:NEW"])
    responsible_id: str | None = Field(default=None, examples=["anna"], description="responsible for the deal")
    is_new: bool = Field(default=False, description="that is the first stage of the pipeline")


class DealProductRowsChanged(RowsChanged, OfDeal):
    """The products of a deal, or its typed amount, changed (ROW-01, ROW-02)."""

    ce_type: ClassVar[str] = "crm.deal.product_rows_changed.v1"


class DealClientChanged(ClientChanged, OfDeal):
    """The Client field of a deal was set; with `after.link_state` pending it asks clients for the contacts (CLI-07)."""

    ce_type: ClassVar[str] = "crm.deal.client_changed.v1"


class DealContactsAttached(ContactsAttached, OfDeal):
    """The contacts of the linked company were attached (CLI-07)."""

    ce_type: ClassVar[str] = "crm.deal.contacts_attached.v1"


class DealContactsChecked(ContactsChecked, OfDeal):
    """Contacts that a deal links by their ids were confirmed, or unlinked because they do not exist (CLI-02)."""

    ce_type: ClassVar[str] = "crm.deal.contacts_checked.v1"


class DealCompanyUnlinked(CompanyUnlinked, OfDeal):
    """The company that was to be linked was refused, and is not linked any more."""

    ce_type: ClassVar[str] = "crm.deal.company_unlinked.v1"


class DealRequisitesChosen(RequisitesChosen, OfDeal):
    """The chosen requisites of a deal changed; with `after.state` pending it asks clients whether they fit (REQ-05)."""

    ce_type: ClassVar[str] = "crm.deal.requisites_chosen.v1"


class DealLinkRefused(LinkRefused):
    """A client that was created from the card of a deal is not linked to it: an answer to its creation (CLI-05)."""

    ce_type: ClassVar[str] = "crm.deal.link_refused.v1"
