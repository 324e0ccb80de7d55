"""The rule book of a deal.

The surprise: a deal that starts with a company asks for the company's contacts in its very first event, like any
later link.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from crm_contracts.client_field import Client
from crm_contracts.conversions import ConversionRef
from crm_contracts.deals import (
    DealClientChanged,
    DealCompanyUnlinked,
    DealContactsAttached,
    DealCreated,
    DealFields,
    DealProductRowsChanged,
    DealRequisitesChosen,
    DealStageChanged,
    DealState,
    DealUpdated,
)
from crm_contracts.product_rows import Priced
from crm_contracts.requisites import RequisiteChoice, RequisiteLink
from crm_contracts.values import ElementRef

from services.deals.domain.stages import DEFAULT_PIPELINE, stages_of
from shared.elements.domain.client_field import attach_contacts, refuse_company, with_new, without
from shared.elements.domain.requisites import ask_again, choose, confirm, refuse
from shared.elements.domain.stages import Stage, enter_stage
from shared.kit.domain import Aggregate, change_fields

DAYS_TO_CLOSE = 7


class Deal(Aggregate, DealState):
    """The process of selling a product to a client (DEAL-01)."""

    NOUN: ClassVar[str] = "deal"

    conversion: ConversionRef | None = None
    """The conversion that asked for it."""

    @classmethod
    def create(
        cls,
        id_: str,
        number: int,
        fields: Mapping[str, Any],
        *,
        client: Client,
        priced: Priced,
        by: str,
        at: datetime,
        pipeline_id: str = DEFAULT_PIPELINE,
        stage: Stage | None = None,
        origin: tuple[str, str] | None = None,
        conversion: ConversionRef | None = None,
    ) -> Self:
        """A new deal: first stage of its pipeline, begins today, ends in seven days (DEAL-11, DEAL-12, CMN-01)."""
        start = stage or stages_of(pipeline_id).first
        today: date = at.date()
        deal = cls(
            **{
                **fields,
                "title": fields.get("title") or cls._title(number),
                "begin_date": fields.get("begin_date") or today,
                "close_date": fields.get("close_date") or today + timedelta(days=DAYS_TO_CLOSE),
            },
            id=id_,
            number=number,
            originator_id=origin[0] if origin else None,
            origin_id=origin[1] if origin else None,
            pipeline_id=pipeline_id,
            stage_id=start.id,
            stage_semantic=start.semantic,
            closed=start.semantic != "P",
            closed_at=None if start.semantic == "P" else at,
            client=client,
            **dict(priced),
            lead_id=conversion.lead_id if conversion else None,
            conversion=conversion,
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        deal.record(DealCreated(deal=deal.state, conversion=conversion))
        return deal

    @property
    def ref(self) -> ElementRef:
        """Pointer to this deal."""
        return ElementRef(type="deal", id=self.id, title=self.title)

    @property
    def state(self) -> DealState:
        """What everybody may see."""
        return DealState.model_construct(**{name: getattr(self, name) for name in DealState.model_fields})

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields; what has the value already is no change, and no change is no event."""
        if "title" in changes:
            changes = {**changes, "title": changes["title"] or self._title(self.number)}
        changed = change_fields(self, changes, DealFields)
        if changed:
            self._touch(by, at)
            self.record(DealUpdated(deal=self.ref, before=changed[0], after=changed[1]))

    def sell(self, priced: Priced, *, by: str, at: datetime) -> None:
        """Set product rows and amount (ROW-01, ROW-02)."""
        before = Priced(rows=self.rows, amount=self.amount, is_manual_amount=self.is_manual_amount)
        if priced == before:
            return
        self.rows, self.amount, self.is_manual_amount = priced.rows, priced.amount, priced.is_manual_amount
        self._touch(by, at)
        self.record(DealProductRowsChanged(deal=self.ref, before=before, after=priced))

    def move(self, stage_id: str, *, by: str, at: datetime) -> None:
        """Move to any stage of the deal's pipeline (DEAL-06); success and failure close it (DEAL-08).

        Raises:
            StageNotFound: the stage belongs to another pipeline, or to none.
        """
        stage = stages_of(self.pipeline_id).get(stage_id)
        if stage.id == self.stage_id:
            return
        before, semantic = self.stage_id, self.stage_semantic
        enter_stage(self, stage, by=by, at=at)
        self.closed = stage.semantic != "P"
        self._touch(by, at)
        self.record(
            DealStageChanged(
                deal=self.ref,
                pipeline_id=self.pipeline_id,
                from_stage=before,
                to_stage=stage.id,
                from_semantic=semantic,
                to_semantic=stage.semantic,
                moved_at=at,
                closed_at=self.closed_at,
            )
        )

    def set_client(self, client: Client, *, by: str, at: datetime) -> None:
        """Set the Client field; a new company is asked for in the event (CLI-06, CLI-07)."""
        if client == self.client:
            return
        before, self.client = self.client, client
        self._touch(by, at)
        self.record(DealClientChanged(deal=self.ref, before=before, after=client))
        self._link_requisites(ask_again(self.requisite_link, before, client), by, at)

    def link_created_client(self, newcomer: ElementRef, *, by: str, at: datetime) -> None:
        """Link a contact or company that was created from the deal's card, as if by hand (CLI-05)."""
        self.set_client(with_new(self.client, newcomer), by=by, at=at)

    def unlink_deleted_client(
        self, gone: ElementRef, survivor: ElementRef | None = None, *, by: str, at: datetime
    ) -> None:
        """Go on without a contact or company that is no more (COMP-10).

        Whom it was merged into takes its place (DUP-02).
        """
        self.set_client(without(self.client, gone, survivor), by=by, at=at)

    def attach_contacts(
        self,
        *,
        link_no: int,
        company: ElementRef,
        contacts: tuple[ElementRef, ...],
        truncated: bool,
        by: str,
        at: datetime,
    ) -> None:
        """Take the contacts of the linked company (CLI-07); an answer to another link changes nothing."""
        found = attach_contacts(self.client, link_no=link_no, company=company, contacts=contacts, truncated=truncated)
        if found:
            before, self.client = self.client, found.client
            self._touch(by, at)
            self.record(
                DealContactsAttached(
                    deal=self.ref, attached=found.attached, detached=found.detached, client=found.client
                )
            )
            self._link_requisites(ask_again(self.requisite_link, before, found.client), by, at)

    def refuse_company(self, *, link_no: int, company: ElementRef, code: str, by: str, at: datetime) -> None:
        """Unlink a company that is not there (CLI-07)."""
        client = refuse_company(self.client, link_no=link_no, code=code)
        if client is not None:
            before, self.client = self.client, client
            self._touch(by, at)
            self.record(DealCompanyUnlinked(deal=self.ref, company=company, code=code, client=client))
            self._link_requisites(ask_again(self.requisite_link, before, client), by, at)

    def choose_requisites(self, choice: RequisiteChoice, *, by: str, at: datetime) -> None:
        """Choose the client's requisites and ours; whether they fit is asked in the event (REQ-05)."""
        self._link_requisites(choose(self.requisite_link, choice), by, at)

    def confirm_requisites(self, *, choice_no: int, by: str, at: datetime) -> None:
        """They fit (REQ-05); an answer to another choice changes nothing."""
        self._link_requisites(confirm(self.requisite_link, choice_no), by, at)

    def refuse_requisites(self, *, choice_no: int, code: str, field: str, by: str, at: datetime) -> None:
        """One of them does not fit, so none is chosen (REQ-05); an answer to another choice changes nothing."""
        self._link_requisites(refuse(self.requisite_link, choice_no, code=code, field=field), by, at)

    def _link_requisites(self, link: RequisiteLink | None, by: str, at: datetime) -> None:
        if link is None or link == self.requisite_link:
            return
        before, self.requisite_link = self.requisite_link, link
        self._touch(by, at)
        self.record(DealRequisitesChosen(deal=self.ref, before=before, after=link, clients=self.client.refs))

    @staticmethod
    def _title(number: int) -> str:
        return f"Deal #{number}"

    def _touch(self, by: str, at: datetime) -> None:
        self.updated_by, self.updated_at = by, at
