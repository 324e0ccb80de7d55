"""One conversion of a lead: a process manager that is part of the lead's state (LEAD-11, LEAD-13).

The ids of what may be created are proposed by the first attempt and kept by all later ones, so that whatever an earlier
attempt created is found again; only an id that turned out to be taken is proposed anew. They are derived, a form that
no caller may choose for a record, and are never shown; only resolved ids are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from crm_contracts.conversions import (
    Activities,
    DealDraft,
    DealRequest,
    LeadConversionRefused,
    LeadConversionRequested,
    LeadDealRequested,
    LeadSnapshot,
    LinkedClient,
    ResolvedClient,
)
from crm_contracts.envelope import Event
from crm_contracts.leads import LeadState
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate, Value

from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.draft import MAX_FORWARDED_BYTES, check_fits, draft_of, link_client, snapshot_of
from services.leads.lead.domain.errors import (
    ID_TAKEN,
    NO_ANSWER,
    ConversionRunning,
    LeadAlreadyConverted,
    RepeatLeadOnlyDeal,
)
from shared.kit.domain import NewId, derived_id

ConversionState = Literal["none", "running", "done", "refused"]
MAX_REPEATS: Final = 8
"""Repeats of a request, each after twice the silence of the one before: two hours, if the first comes after 15 s."""
SILENCE_S: Final = 15.0
"""Seconds without an answer, until a request is repeated."""


class Conversion(Value):
    """How far a conversion got.

    `asked_at` is the time of the last request, and `repeats` counts those of the request that waits for its answer now;
    without one for `silence_s` seconds it is repeated. With `forwards_deal` clients passes the request for the deal on
    to deals, whose answer is then the only one; a draft too large for that is requested afterwards.

    Its transitions change nothing in place: each returns the next state and the events to record.
    """

    state: ConversionState = "none"
    conversion_id: str = ""
    attempt: int = 0
    targets: tuple[ConversionTarget, ...] = ()
    on_duplicate: OnDuplicate = "link"
    pipeline_id: str = "default"
    activities: Activities = "complete"
    contact_id: str | None = None
    company_id: str | None = None
    proposed_contact_id: str = ""
    proposed_company_id: str = ""
    proposed_deal_id: str = ""
    snapshot: LeadSnapshot | None = None
    draft: DealDraft | None = None
    forwards_deal: bool = False
    contact: ElementRef | None = None
    company: ElementRef | None = None
    deal: ElementRef | None = None
    duplicates: tuple[ElementRef, ...] = ()
    linked: tuple[LinkedClient, ...] = ()
    candidates: tuple[ElementRef, ...] = ()
    code: str | None = None
    message: str | None = None
    asked_at: datetime | None = None
    repeats: int = 0
    silence_s: float = SILENCE_S
    correlation_id: str = ""
    traceparent: str | None = None
    started_by: str = ""
    roles: tuple[str, ...] = ()  # of who started it

    @property
    def client_targets(self) -> tuple[ConversionTarget, ...]:
        """What clients still has to create or link."""
        missing = {"contact": self.contact is None, "company": self.company is None}
        return tuple(target for target in self.targets if missing.get(target))

    @property
    def waits_for_deal(self) -> bool:
        """Whether the client part is done, and the deal is not."""
        return not self.client_targets and "deal" in self.targets and self.deal is None

    @property
    def existing(self) -> tuple[ElementRef, ...]:
        """What it has created or linked so far."""
        return tuple(ref for ref in (self.contact, self.company, self.deal) if ref is not None)

    def is_about(self, conversion_id: str, attempt: int) -> bool:
        """Whether an answer belongs to the attempt that runs now."""
        return self.state == "running" and self.conversion_id == conversion_id and self.attempt == attempt

    def start(
        self,
        request: ConversionRequest,
        lead: LeadState,
        ref: ElementRef,
        *,
        new_id: NewId,
        at: datetime,
        context: Mapping[str, Any],
    ) -> "Step | None":
        """Begin, or begin a new attempt after a refusal; None where the same request runs or is done.

        `context` is what of the request its repeats are made with: its trace, who made it, with which roles, and after
        what silence.

        Raises:
            RepeatLeadOnlyDeal: more than a deal of a repeat lead (LEAD-04).
            ConversionRunning: another request while one is under way.
            LeadAlreadyConverted: another request after the end, or any for a lead that was converted elsewhere.
            LeadTooLarge: texts and rows, each allowed by itself, are together more than an event may hold.
        """
        if lead.converted and self.state != "done":
            message = "The lead was converted in another system."
            raise LeadAlreadyConverted(message)
        targets = self.wanted(request, is_repeat=lead.is_repeat)
        if self.state in {"running", "done"}:
            self._check_same(targets, request, ref)
            return None
        draft = draft_of(lead, request.pipeline_id)
        self._check_repeat(targets, is_repeat=lead.is_repeat)
        fits = "deal" in targets and check_fits(draft) <= MAX_FORWARDED_BYTES
        started = self._next_attempt(request, targets, snapshot_of(lead), draft, new_id)
        forwards = {"forwards_deal": bool(started.client_targets) and fits}
        asked, events = started.model_copy(update={**context, **forwards}).request_clients(ref, at)
        conversion, more = asked.proceed(ref, at)
        return conversion, (*events, *more)

    def with_client(self, found: ResolvedClient | None) -> "Conversion":
        """Take what clients created or linked; where nothing is missing it stays as it is."""
        if found is None or not self.client_targets:
            return self
        refs = {"contact": self.contact or found.contact, "company": self.company or found.company}
        how = {"duplicates": found.duplicates or self.duplicates, "linked": (*self.linked, *found.linked)}
        return self.model_copy(update={**refs, **how})

    def resolve(self, ref: ElementRef, found: ResolvedClient, *, at: datetime) -> "Step":
        """Take what clients created or linked; the deal is next, if one is wanted (LEAD-11)."""
        resolved = self.with_client(found)
        return (self, ()) if resolved is self else resolved.proceed(ref, at)

    def open_deal(self, deal: ElementRef, found: ResolvedClient | None = None) -> "Step":
        """Take the deal that deals opened, with the client that clients told deals of, which is the end (LEAD-14)."""
        resolved = self.with_client(found)
        if not resolved.waits_for_deal:
            return self, ()
        return resolved.model_copy(update={"deal": deal, "state": "done", "asked_at": None}), ()

    def refuse(
        self,
        ref: ElementRef,
        *,
        code: str,
        message: str,
        candidates: tuple[ElementRef, ...] = (),
        found: ResolvedClient | None = None,
    ) -> "Step":
        """End without a result; what was found of the client stays, and a new attempt keeps it."""
        kept = self.with_client(found)
        event = LeadConversionRefused(
            lead=ref,
            conversion_id=self.conversion_id,
            attempt=self.attempt,
            code=code,
            message=message,
            candidates=candidates,
            existing=kept.existing,
        )
        reason = {"code": code, "message": message, "candidates": candidates}
        return kept.model_copy(update={"state": "refused", "asked_at": None, **reason}), (event,)

    def ask_again(self, ref: ElementRef, *, at: datetime) -> "Step":
        """Repeat the request of the same attempt after a silence, and refuse in the end.

        Each repeat would be one more event for ever where the other service can never answer. What it makes of the
        request after all is found by the next attempt, under the proposed ids.
        """
        if self.repeats == MAX_REPEATS:
            waits_for = "clients" if self.client_targets else "deals"
            return self.refuse(ref, code=NO_ANSWER, message=f"The {waits_for} service has not answered; try again.")
        asked, events = self.request_clients(ref, at) if self.client_targets else self.request_deal(ref, at)
        return asked.model_copy(update={"repeats": self.repeats + 1}), events

    def proceed(self, ref: ElementRef, at: datetime) -> "Step":
        """Request the deal after the client part, or end."""
        if self.waits_for_deal:
            return self.model_copy(update={"repeats": 0}).request_deal(ref, at)
        if not self.client_targets:
            return self.model_copy(update={"state": "done", "asked_at": None}), ()
        return self, ()

    def request_clients(self, ref: ElementRef, at: datetime) -> "Step":
        """Request what clients has to create or link."""
        conversion = self.model_copy(update={"asked_at": at})
        if self.snapshot is None:
            return conversion, ()
        event = LeadConversionRequested(
            lead=ref,
            conversion_id=self.conversion_id,
            attempt=self.attempt,
            targets=self.targets,
            client_targets=self.client_targets,
            on_duplicate=self.on_duplicate,
            proposed_contact_id=self.proposed_contact_id,
            proposed_company_id=self.proposed_company_id,
            contact=self.contact,
            company=self.company,
            contact_id=self.contact_id,
            company_id=self.company_id,
            snapshot=self.snapshot,
            deal=self._deal_request() if self.forwards_deal else None,
        )
        return conversion, (event,)

    def request_deal(self, ref: ElementRef, at: datetime) -> "Step":
        """Request the deal with the clients that are known by now."""
        conversion, deal = self.model_copy(update={"asked_at": at}), self._deal_request()
        if deal is None:
            return conversion, ()
        event = LeadDealRequested(lead=ref, conversion_id=self.conversion_id, attempt=self.attempt, **dict(deal))
        return conversion, (event,)

    def _deal_request(self) -> DealRequest | None:
        if self.draft is None:
            return None
        draft = link_client(self.draft, self.contact, self.company)
        return DealRequest(proposed_deal_id=self.proposed_deal_id, draft=draft)

    def wanted(self, request: ConversionRequest, *, is_repeat: bool) -> tuple[ConversionTarget, ...]:
        """Return what is to be converted into: what is requested, else the default of the lead."""
        if request.targets is None and self.state in {"running", "done"}:
            return self.targets
        return request.with_chosen(("deal",) if is_repeat and self.state != "done" else ("contact", "deal"))

    @staticmethod
    def _check_repeat(targets: tuple[ConversionTarget, ...], *, is_repeat: bool) -> None:
        if is_repeat and targets != ("deal",):
            raise RepeatLeadOnlyDeal.because("targets")

    def _next_attempt(
        self,
        request: ConversionRequest,
        targets: tuple[ConversionTarget, ...],
        snapshot: LeadSnapshot,
        draft: DealDraft,
        new_id: NewId,
    ) -> "Conversion":
        conversion_id, attempt = self.conversion_id or new_id(), self.attempt + 1
        # Under the ids of the other part, something may have been created that no answer has told of yet.
        taken: Sequence[ConversionTarget] = (self.client_targets or ("deal",)) if self.code == ID_TAKEN else ()

        def proposed(kind: ConversionTarget, id_: str) -> str:
            return id_ if id_ and kind not in taken else derived_id("proposed", conversion_id, attempt, kind)

        return Conversion(
            state="running",
            conversion_id=conversion_id,
            attempt=attempt,
            targets=targets,
            **request.model_dump(exclude={"targets"}),
            proposed_contact_id=proposed("contact", self.proposed_contact_id),
            proposed_company_id=proposed("company", self.proposed_company_id),
            proposed_deal_id=proposed("deal", self.proposed_deal_id),
            snapshot=snapshot,
            draft=draft,
            contact=request.kept(self.contact),
            company=request.kept(self.company),
            duplicates=self.duplicates,
            linked=tuple(each for each in self.linked if request.kept(each.client)),
        )

    def _check_same(self, targets: tuple[ConversionTarget, ...], request: ConversionRequest, lead: ElementRef) -> None:
        known = {self.contact_id, self.company_id, *(ref.id for ref in self.existing)}
        used = {name: str(getattr(self, name)) for name in request.insists_on}
        differs = ({} if targets == self.targets else {"targets": ", ".join(targets)}) | request.differing(used, known)
        if not differs:
            return
        if self.state == "running":
            raise ConversionRunning("The lead is being converted.")
        raise LeadAlreadyConverted.into(lead, targets=self.targets, used=used, differs=differs, results=self.existing)


Step: TypeAlias = tuple[Conversion, tuple[Event, ...]]
"""The next state of a conversion, and the events to record."""
