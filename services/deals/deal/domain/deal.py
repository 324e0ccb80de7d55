"""The rules of a deal: what is its own beside the traits that it shares with other elements."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final, Self

from crm_contracts.client_field import Client
from crm_contracts.conversions import ConversionRef
from crm_contracts.deals import (
    DealAmountChanged,
    DealClientChanged,
    DealCompanyUnlinked,
    DealContactsAttached,
    DealContactsChecked,
    DealCreated,
    DealDeleted,
    DealLinkRefused,
    DealLost,
    DealMovedToPipeline,
    DealProductRowsChanged,
    DealRequisitesChosen,
    DealResponsibleChanged,
    DealStageChanged,
    DealUpdated,
    DealWon,
)
from crm_contracts.elements import DEAL, ElementType
from crm_contracts.envelope import Event
from crm_contracts.pipelines import DEFAULT_FIRST_STAGE, Stage
from crm_contracts.product_rows import Priced
from crm_contracts.requisites import RequisiteLink
from crm_contracts.values import ElementRef, StageSemantic
from pydantic import Field

from services.deals.deal.domain.rank import above, at_moment, below, between
from services.deals.deal.domain.recurring import HasRecurrence, TemplateHasNoStages
from shared.elements.domain.client_answers import Attachment, ContactCheck
from shared.elements.domain.requisite_trait import HasRequisites
from shared.elements.domain.responsible import NewResponsible
from shared.elements.domain.sales_element import InitialState
from shared.elements.domain.traits import StageMove
from shared.kit.domain import Invalid

DAYS_TO_CLOSE: Final = 7
STORE: Final = "STORE"
"""The source of orders of the online store."""
MAX_TITLE: Final = 255


class NotBeside(Invalid):
    """A card is arranged among the cards of its own stage."""

    code = "not_beside"
    advice = (
        "Name a deal of the same stage; a deal is moved to another stage by `PUT .../stage`, and stands on top there."
    )


def _was_new(deal: Mapping[str, Any]) -> bool:
    """Whether a deal stands on the first stage that was stored before deals said so: then there was one pipeline."""
    return bool(deal["stage_id"] == DEFAULT_FIRST_STAGE)


def _came(deal: Mapping[str, Any]) -> str:
    """Make the place of a card that was stored before cards had places."""
    return at_moment(deal.get("moved_at") or deal["created_at"])


class Deal(HasRecurrence, HasRequisites):
    """The process of selling a product to a client (DEAL-01)."""

    TYPE: ClassVar[ElementType] = DEAL
    NOUN: ClassVar[str] = DEAL.noun

    is_new: bool = Field(default_factory=_was_new)
    rank: str = Field(default_factory=_came)
    """Its place among the cards of its stage: how people arrange a board, which is of no interest elsewhere."""
    conversion: ConversionRef | None = None
    """The conversion that asked for it, as it was then."""

    @classmethod
    def create(
        cls,
        id_: str,
        number: int,
        initial: InitialState,
        stage: Stage,
        *,
        pipeline_id: str,
        first: Stage,
        by: str,
        at: datetime,
        conversion: ConversionRef | None = None,
        **own: Any,
    ) -> Self:
        """Create a deal that begins today and ends in seven days unless dates are given (DEAL-11, DEAL-12).

        `first` is where deals of the pipeline start (DEAL-08), `own` are fields of a template, or of what it makes.
        A company in the Client field is requested by the first event already (CLI-07).
        """
        created_at = initial.authorship.get("created_at", at)
        today: date = created_at.date()
        dates = {"begin_date": today, "close_date": today + timedelta(days=DAYS_TO_CLOSE)}
        fields = {**initial.fields, **{name: initial.fields.get(name) or each for name, each in dates.items()}}
        deal = cls.start(
            id_,
            number,
            replace(initial, fields=fields),
            stage,
            by=by,
            at=at,
            pipeline_id=pipeline_id,
            is_new=stage.id == first.id,
            rank=at_moment(initial.authorship.get("moved_at", created_at)),
            closed=stage.semantic != "P",
            lead_id=conversion.lead_id if conversion else None,
            conversion=conversion,
            **own,
        )
        deal._record_closing("P")  # noqa: SLF001 - its own
        return deal

    @classmethod
    def default_title(cls, number: int, *, source_id: str | None, origin_id: str | None) -> str:
        """Return `Online store order #{n}` of an order of the online store, else `Deal #{number}` (DEAL-21)."""
        if source_id == STORE and origin_id:
            return f"Online store order #{origin_id}"[:MAX_TITLE]
        return super().default_title(number, source_id=source_id, origin_id=origin_id)

    @classmethod
    def link_refused(cls, element: ElementRef, client: ElementRef, code: str) -> DealLinkRefused:
        """Make the answer to a client that is not linked to the deal that it was created from (CLI-05)."""
        return DealLinkRefused(element=element, client=client, code=code)

    def move(self, stage: Stage, first: Stage, *, by: str, at: datetime) -> None:
        """Move to a stage of the deal's pipeline (DEAL-06); success and failure close it (DEAL-08)."""
        self.closed, self.is_new = stage.semantic != "P", stage.id == first.id
        if stage.id != self.stage_id:
            self.rank = at_moment(at)
        before = self.stage_semantic
        super().move(stage, first, by=by, at=at)
        self._record_closing(before)

    def move_to_pipeline(self, pipeline_id: str, stage: Stage, first: Stage, *, by: str, at: datetime) -> None:
        """Move to a stage of a pipeline (PIPE-05); in the deal's own pipeline that is a plain move.

        What that is, is told by one event alone; that the deal is won or lost thereby, by another one (DEAL-22).
        """
        self.check_enters(stage, first)
        if pipeline_id == self.pipeline_id:
            self.move_by_hand(stage, first, by=by, at=at)
            return
        from_pipeline, before = self.pipeline_id, self.stage_semantic
        self.pipeline_id, self.rank = pipeline_id, at_moment(at)
        self.closed, self.is_new = stage.semantic != "P", stage.id == first.id
        move = self._enter(stage, by=by, at=at)
        self.record(
            DealMovedToPipeline(
                deal=self.ref,
                from_pipeline=from_pipeline,
                pipeline_id=pipeline_id,
                responsible_id=self.responsible_id,
                is_new=self.is_new,
                **move,
            )
        )
        self._record_closing(before)

    def put_between(self, beside: "Deal", upper: str | None, lower: str | None) -> None:
        """Take a place between two others among the cards of a stage, one of which is that of a card beside it.

        Being there already changes nothing. It is no change of the deal: nothing is published, and its times stay.

        Raises:
            TemplateHasNoStages: it is a template.
            NotBeside: that card is on another stage, or is this one.
            NoRoom: there is no place between them.
        """
        if self.is_recurring:
            raise TemplateHasNoStages(f"The deal {self.id} is a template, and no card.")
        if beside.id == self.id or (beside.pipeline_id, beside.stage_id) != (self.pipeline_id, self.stage_id):
            raise NotBeside(f"The deal {beside.id} is no other card of the same stage.")
        if (upper is None or upper < self.rank) and (lower is None or self.rank < lower):
            return
        if upper is not None and lower is not None:
            self.rank = between(upper, lower)
        elif lower is not None:
            self.rank = above(lower)
        elif upper is not None:
            self.rank = below(upper)

    def set_rows(self, priced: Priced, *, by: str, at: datetime) -> None:
        """Set product rows and amount; another amount is a fact of its own (DEAL-22)."""
        before = self.amount
        super().set_rows(priced, by=by, at=at)
        if self.amount != before:
            self.record(DealAmountChanged(deal=self.ref, before=before, after=self.amount))

    def _record_closing(self, before: StageSemantic) -> None:
        """Record that it was won or lost, where it was not so before (DEAL-22)."""
        if self.stage_semantic in {before, "P"}:
            return
        closed = DealWon if self.stage_semantic == "S" else DealLost
        self.record(
            closed(
                deal=self.ref,
                pipeline_id=self.pipeline_id,
                stage_id=self.stage_id,
                amount=self.amount,
                responsible_id=self.responsible_id,
                client=self.client,
            )
        )

    def _created(self) -> Event:
        return DealCreated(deal=self.state, conversion=self.conversion)

    def _updated(self, before: Any, after: Any) -> Event:
        return DealUpdated(deal=self.ref, before=before, after=after)

    def _deleted(self) -> Event:
        return DealDeleted(deal=self.ref, before=self.state)

    def _responsible_changed(self, new: NewResponsible) -> Event:
        return DealResponsibleChanged(deal=self.ref, pipeline_id=self.pipeline_id, stage_id=self.stage_id, **new)

    def _stage_changed(self, move: StageMove) -> Event:
        return DealStageChanged(
            deal=self.ref,
            pipeline_id=self.pipeline_id,
            responsible_id=self.responsible_id,
            is_new=self.is_new,
            **move,
        )

    def _rows_changed(self, before: Priced, after: Priced) -> Event:
        return DealProductRowsChanged(deal=self.ref, before=before, after=after)

    def _client_changed(self, before: Client, after: Client) -> Event:
        return DealClientChanged(deal=self.ref, before=before, after=after)

    def _contacts_attached(self, new: Attachment) -> Event:
        return DealContactsAttached(deal=self.ref, attached=new.attached, detached=new.detached, client=new.client)

    def _contacts_checked(self, new: ContactCheck) -> Event:
        return DealContactsChecked(deal=self.ref, **new.published)

    def _company_refused(self, client: Client, company: ElementRef, code: str) -> Event:
        return DealCompanyUnlinked(deal=self.ref, company=company, code=code, client=client)

    def _requisites_chosen(self, before: RequisiteLink, after: RequisiteLink) -> Event:
        return DealRequisitesChosen(deal=self.ref, before=before, after=after, clients=self.client.refs)
