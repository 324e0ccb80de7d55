"""The rule book of a lead.

The surprise: the whole conversion is here. Each answer from another service moves the lead one step and records the
next question or the end in the same write; an answer to another attempt, or one that came before, changes nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts.client_field import Client
from crm_contracts.conversions import (
    DealDraft,
    LeadConversionRefused,
    LeadConversionRequested,
    LeadConverted,
    LeadDealRequested,
    LeadSnapshot,
)
from crm_contracts.leads import (
    LeadClientChanged,
    LeadCompanyUnlinked,
    LeadContactsAttached,
    LeadCreated,
    LeadFields,
    LeadProductRowsChanged,
    LeadStageChanged,
    LeadState,
    LeadUpdated,
)
from crm_contracts.product_rows import Priced
from crm_contracts.values import ContactPoint, ElementRef

from services.leads.domain.conversion import TARGETS, Conversion, ConversionRequest
from services.leads.domain.errors import ConversionRunning, LeadAlreadyConverted, LeadTooLarge, RepeatLeadOnlyDeal
from services.leads.domain.stages import LEAD_STAGES
from shared.elements.domain.client_field import attach_contacts, refuse_company, with_new, with_resolved, without
from shared.elements.domain.stages import Stage, enter_stage
from shared.kit.domain import MAX_EVENT_BYTES, Aggregate, change_fields

MAX_DRAFT_BYTES = MAX_EVENT_BYTES - 64 * 1024
"""Leaves room for what the events that carry a draft say besides: ids, clients, the deal's own fields."""


class Lead(Aggregate, LeadState):
    """A potential client (LEAD-01)."""

    NOUN: ClassVar[str] = "lead"

    conversion: Conversion = Conversion()
    was_repeat: bool = False
    """Whether it is a repeat lead even without the company link that is pending."""

    @classmethod
    def create(
        cls,
        id_: str,
        number: int,
        fields: Mapping[str, Any],
        *,
        client: Client,
        priced: Priced,
        stage: Stage | None,
        by: str,
        at: datetime,
        origin: tuple[str, str] | None = None,
    ) -> Self:
        """A new lead; nothing is mandatory, the title defaults to `Lead #{number}` (LEAD-01, CMN-01)."""
        start = stage or LEAD_STAGES.first
        lead = cls(
            **{**fields, "title": fields.get("title") or cls._title(number)},
            id=id_,
            number=number,
            originator_id=origin[0] if origin else None,
            origin_id=origin[1] if origin else None,
            stage_id=start.id,
            stage_semantic=start.semantic,
            closed_at=None if start.semantic == "P" else at,
            client=client,
            is_repeat=not client.is_empty,
            was_repeat=bool(client.contacts),
            **dict(priced),
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        lead.record(LeadCreated(lead=lead.state))
        return lead

    @property
    def ref(self) -> ElementRef:
        """Pointer to this lead."""
        return ElementRef(type="lead", id=self.id, title=self.title)

    @property
    def state(self) -> LeadState:
        """What everybody may see."""
        return LeadState.model_construct(**{name: getattr(self, name) for name in LeadState.model_fields})

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields; what has the value already is no change, and no change is no event (LEAD-10).

        A change of a lead that has a client makes a repeat lead of it (LEAD-03).
        """
        if "title" in changes:
            changes = {**changes, "title": changes["title"] or self._title(self.number)}
        changed = change_fields(self, changes, LeadFields)
        if changed:
            self._touch(by, at)
            self.record(LeadUpdated(lead=self.ref, before=changed[0], after=changed[1]))
            if self.conversion.state != "running":
                self.set_client(self.client, by=by, at=at)

    def sell(self, priced: Priced, *, by: str, at: datetime) -> None:
        """Set product rows and amount (ROW-01, ROW-02)."""
        before = Priced(rows=self.rows, amount=self.amount, is_manual_amount=self.is_manual_amount)
        if priced == before:
            return
        self.rows, self.amount, self.is_manual_amount = priced.rows, priced.amount, priced.is_manual_amount
        self._touch(by, at)
        self.record(LeadProductRowsChanged(lead=self.ref, before=before, after=priced))

    def move(self, stage: Stage, *, by: str, at: datetime) -> None:
        """Move to any stage (LEAD-07); a plain move to CONVERTED creates nothing (LEAD-11)."""
        self._refuse_while_running()
        self._move(stage, by=by, at=at)

    def set_client(self, client: Client, *, by: str, at: datetime, as_whole: bool = True) -> None:
        """Set the Client field; only setting it as a whole makes a repeat lead of it (LEAD-03).

        Whom a conversion brought makes no repeat lead, however often the lead is saved afterwards (LEAD-14).
        """
        self._refuse_while_running()
        self._change_client(client, by, at, as_whole=as_whole)

    def link_created_client(self, newcomer: ElementRef, *, by: str, at: datetime) -> None:
        """Link a contact or company that was created from the lead's card, as if by hand (CLI-05).

        So a company makes a repeat lead of it, a contact does not (LEAD-03). While the lead is being converted it is
        linked as well, as nobody is there to be refused, and to wait would hold up the very answers that end the
        conversion; but it makes no repeat lead of it then, and the deal, asked for before, goes without.
        """
        as_whole = newcomer.type == "company" and self.conversion.state != "running"
        self._change_client(with_new(self.client, newcomer), by, at, as_whole=as_whole)

    def unlink_deleted_client(
        self, gone: ElementRef, survivor: ElementRef | None = None, *, by: str, at: datetime
    ) -> None:
        """Go on without a contact or company that is no more, also while it is being converted (COMP-10).

        Whom it was merged into takes its place (DUP-02).
        """
        self._change_client(without(self.client, gone, survivor), by, at, as_whole=False)

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
        """Take the contacts of the linked company (CLI-07)."""
        found = attach_contacts(self.client, link_no=link_no, company=company, contacts=contacts, truncated=truncated)
        if found:
            self.client = found.client
            self._touch(by, at)
            self.record(
                LeadContactsAttached(
                    lead=self.ref, attached=found.attached, detached=found.detached, client=found.client
                )
            )

    def refuse_company(self, *, link_no: int, company: ElementRef, code: str, by: str, at: datetime) -> None:
        """Unlink a company that is not there; without any client it is no repeat lead by that link."""
        client = refuse_company(self.client, link_no=link_no, code=code)
        if client is None:
            return
        self.client, self.is_repeat = client, self.was_repeat
        self._touch(by, at)
        self.record(
            LeadCompanyUnlinked(lead=self.ref, company=company, code=code, client=client, is_repeat=self.is_repeat)
        )

    def start_conversion(
        self,
        wish: ConversionRequest,
        *,
        new_id: Callable[[], str],
        by: str,
        at: datetime,
        correlation_id: str,
        traceparent: str | None = None,
    ) -> None:
        """Begin a conversion, or a new attempt after a refusal (LEAD-11, LEAD-13).

        The same wish again, while it runs or when it is done, changes nothing.

        Raises:
            RepeatLeadOnlyDeal: more than a deal of a repeat lead (LEAD-04).
            ConversionRunning: another wish while one is under way.
            LeadAlreadyConverted: another wish after the end.
            LeadTooLarge: texts and rows, each allowed by itself, are together more than an event may hold.
        """
        targets = self._targets(wish)
        was = self.conversion
        same = targets == was.targets
        if was.state == "done":
            if not same:
                message = f"The lead was converted into {', '.join(was.targets)}."
                raise LeadAlreadyConverted(message)
            return
        if was.state == "running":
            if not same or wish.on_duplicate != was.on_duplicate:
                self._refuse_while_running()
            return
        if self.is_repeat and targets != ("deal",):
            message = "A repeat lead converts only into a deal."
            raise RepeatLeadOnlyDeal(message)
        draft = self._draft(wish.pipeline_id)
        if "deal" in targets and len(draft.model_dump_json().encode()) > MAX_DRAFT_BYTES:
            message = f"Texts and product rows are too large for one deal: shorten them below {MAX_DRAFT_BYTES} bytes."
            raise LeadTooLarge(message)
        self.conversion = Conversion(
            state="running",
            conversion_id=was.conversion_id or new_id(),
            attempt=was.attempt + 1,
            targets=targets,
            on_duplicate=wish.on_duplicate,
            pipeline_id=wish.pipeline_id,
            activities=wish.activities,
            proposed_contact_id=was.proposed_contact_id or new_id(),
            proposed_company_id=was.proposed_company_id or new_id(),
            proposed_deal_id=was.proposed_deal_id or new_id(),
            snapshot=self._snapshot(),
            draft=draft,
            contact=was.contact,
            company=was.company,
            duplicates=was.duplicates,
            correlation_id=correlation_id,
            traceparent=traceparent,
            started_by=by,
        )
        self._touch(by, at)
        self._ask_clients(at)
        self._go_on(by=by, at=at)

    def resolve_client(
        self,
        conversion_id: str,
        attempt: int,
        *,
        contact: ElementRef | None,
        company: ElementRef | None,
        duplicates: tuple[ElementRef, ...],
        by: str,
        at: datetime,
    ) -> None:
        """Clients created or linked what was asked; the deal is next, if one is wanted (LEAD-11)."""
        if not self.conversion.is_about(conversion_id, attempt) or not self.conversion.client_targets:
            return
        self.conversion = self.conversion.model_copy(
            update={
                "contact": self.conversion.contact or contact,
                "company": self.conversion.company or company,
                "duplicates": duplicates,
            }
        )
        self._go_on(by=by, at=at)

    def open_deal(self, conversion_id: str, attempt: int, deal: ElementRef, *, by: str, at: datetime) -> None:
        """Deals opened the deal: the conversion is done (LEAD-14)."""
        if not self.conversion.is_about(conversion_id, attempt) or not self.conversion.waits_for_deal:
            return
        self.conversion = self.conversion.model_copy(update={"deal": deal})
        self.deal_ids = (*self.deal_ids, deal.id)
        self._finish(by=by, at=at)

    def refuse_conversion(
        self, conversion_id: str, attempt: int, *, code: str, message: str, candidates: tuple[ElementRef, ...] = ()
    ) -> None:
        """Clients or deals said no; what exists already stays, and a new attempt keeps it."""
        if not self.conversion.is_about(conversion_id, attempt):
            return
        self.conversion = self.conversion.model_copy(
            update={"state": "refused", "code": code, "message": message, "candidates": candidates, "asked_at": None}
        )
        self.record(
            LeadConversionRefused(
                lead=self.ref,
                conversion_id=conversion_id,
                attempt=attempt,
                code=code,
                message=message,
                candidates=candidates,
                existing=self.conversion.existing,
            )
        )

    def ask_again(self, *, silent_since: datetime, at: datetime) -> None:
        """Repeat the question of the same attempt: silence never fails a conversion."""
        conversion = self.conversion
        if conversion.state != "running" or conversion.asked_at is None or conversion.asked_at > silent_since:
            return
        if conversion.client_targets:
            self._ask_clients(at)
        else:
            self._ask_deals(at)

    def _targets(self, wish: ConversionRequest) -> tuple[Any, ...]:
        default = ("deal",) if self.is_repeat and self.conversion.state != "done" else ("contact", "deal")
        if wish.targets is None and self.conversion.state in {"running", "done"}:
            return self.conversion.targets
        wanted = default if wish.targets is None else wish.targets
        return tuple(target for target in TARGETS if target in wanted)

    def _go_on(self, *, by: str, at: datetime) -> None:
        """The step after the client part: ask for the deal, or end."""
        if self.conversion.waits_for_deal:
            self._ask_deals(at)
        elif not self.conversion.client_targets:
            self._finish(by=by, at=at)

    def _ask_clients(self, at: datetime) -> None:
        conversion = self.conversion = self.conversion.model_copy(update={"asked_at": at})
        if conversion.snapshot is None:
            return
        self.record(
            LeadConversionRequested(
                lead=self.ref,
                conversion_id=conversion.conversion_id,
                attempt=conversion.attempt,
                targets=conversion.targets,
                client_targets=conversion.client_targets,
                on_duplicate=conversion.on_duplicate,
                proposed_contact_id=conversion.proposed_contact_id,
                proposed_company_id=conversion.proposed_company_id,
                contact=conversion.contact,
                company=conversion.company,
                snapshot=conversion.snapshot,
            )
        )

    def _ask_deals(self, at: datetime) -> None:
        conversion = self.conversion = self.conversion.model_copy(update={"asked_at": at})
        if conversion.draft is None:
            return
        known = Client(company=conversion.draft.company, contacts=conversion.draft.contacts)
        client = with_resolved(known, conversion.contact, conversion.company)
        self.record(
            LeadDealRequested(
                lead=self.ref,
                conversion_id=conversion.conversion_id,
                attempt=conversion.attempt,
                proposed_deal_id=conversion.proposed_deal_id,
                draft=conversion.draft.model_copy(update={"company": client.company, "contacts": client.contacts}),
            )
        )

    def _finish(self, *, by: str, at: datetime) -> None:
        conversion = self.conversion = self.conversion.model_copy(update={"state": "done", "asked_at": None})
        # The results are the lead's client from now on, which does not make a repeat lead of it (LEAD-14).
        self.client = with_resolved(self.client, conversion.contact, conversion.company)
        self.converted, self.converted_at, self.converted_by = True, at, conversion.started_by
        self._touch(by, at)
        self.record(
            LeadConverted(
                lead=self.ref,
                conversion_id=conversion.conversion_id,
                attempt=conversion.attempt,
                contact=conversion.contact,
                company=conversion.company,
                deal=conversion.deal,
                client=self.client,
                activities=conversion.activities,
                converted_at=at,
                converted_by=conversion.started_by,
            )
        )
        self._move(LEAD_STAGES.success, by=by, at=at)

    def _move(self, stage: Stage, *, by: str, at: datetime) -> None:
        if stage.id == self.stage_id:
            return
        before, semantic = self.stage_id, self.stage_semantic
        enter_stage(self, stage, by=by, at=at)
        self._touch(by, at)
        self.record(
            LeadStageChanged(
                lead=self.ref,
                from_stage=before,
                to_stage=stage.id,
                from_semantic=semantic,
                to_semantic=stage.semantic,
                moved_at=at,
                closed_at=self.closed_at,
            )
        )

    def _snapshot(self) -> LeadSnapshot:
        """What clients needs, frozen; contact data goes along only where it is valid."""
        fields = {name: getattr(self, name) for name in LeadSnapshot.model_fields}
        return LeadSnapshot.model_construct(
            **{**fields, "phones": _valid(self.phones), "emails": _valid(self.emails)},
        )

    def _draft(self, pipeline_id: str) -> DealDraft:
        fields = {name: getattr(self, name) for name in DealDraft.model_fields if hasattr(self, name)}
        client = {"company": self.client.company, "contacts": self.client.contacts}
        return DealDraft.model_construct(**{**fields, **client, "pipeline_id": pipeline_id})

    def _change_client(self, client: Client, by: str, at: datetime, *, as_whole: bool) -> None:
        is_brought = self.converted and client.refs == self.client.refs
        is_repeat = self.is_repeat or (as_whole and not client.is_empty and not is_brought)
        if client == self.client and is_repeat == self.is_repeat:
            return
        settled = self.client.link_state != "pending" and self.is_repeat
        self.was_repeat = self.was_repeat or settled or (as_whole and bool(client.contacts))
        before, self.client, self.is_repeat = self.client, client, is_repeat
        self._touch(by, at)
        self.record(LeadClientChanged(lead=self.ref, before=before, after=client, is_repeat=self.is_repeat))

    def _refuse_while_running(self) -> None:
        if self.conversion.state == "running":
            message = "The lead is being converted."
            raise ConversionRunning(message)

    @staticmethod
    def _title(number: int) -> str:
        return f"Lead #{number}"

    def _touch(self, by: str, at: datetime) -> None:
        self.updated_by, self.updated_at = by, at


def _valid(points: tuple[ContactPoint, ...]) -> tuple[ContactPoint, ...]:
    return tuple(point for point in points if point.normalized is not None)
