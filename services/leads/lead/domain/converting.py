"""How a lead is converted: each step, its repeats, and what the end makes of the lead (LEAD-11 to LEAD-14)."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from crm_contracts.conversions import LeadConverted, ResolvedClient
from crm_contracts.values import ElementRef

from services.leads.lead.domain.conversion import SILENCE_S, Conversion, Step
from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.lead_events import LeadEvents
from services.leads.stage.domain import CONVERTED, NEW
from shared.elements.domain.client_field import with_resolved
from shared.kit.domain import NewId
from shared.kit.timers.timer import Timer

ASKS_AGAIN: Final = "conversion_request"
"""The timer that repeats the request of a conversion that got no answer."""


class HasConversion(LeadEvents):
    """A lead that is converted by events of other services."""

    TIMER_KINDS: ClassVar[tuple[str, ...]] = (ASKS_AGAIN,)

    conversion: Conversion = Conversion()

    def start_conversion(
        self,
        request: ConversionRequest,
        *,
        new_id: NewId,
        by: str,
        at: datetime,
        correlation_id: str,
        traceparent: str | None = None,
        roles: tuple[str, ...] = (),
        silence_s: float = SILENCE_S,
    ) -> None:
        """Begin a conversion; see `Conversion.start`."""
        traced = {"correlation_id": correlation_id, "traceparent": traceparent}
        context = {**traced, "started_by": by, "roles": roles, "silence_s": silence_s}
        step = self.conversion.start(request, self, self.ref, new_id=new_id, at=at, context=context)
        if step is not None:
            self._touch(by, at)
            self._proceed(step, by=by, at=at)

    def resolve_client(
        self,
        conversion_id: str,
        attempt: int,
        found: ResolvedClient,
        *,
        by: str,
        at: datetime,
    ) -> None:
        """Take what clients created or linked; an answer to another attempt changes nothing."""
        if self.conversion.is_about(conversion_id, attempt):
            self._proceed(self.conversion.resolve(self.ref, found, at=at), by=by, at=at)

    def open_deal(
        self,
        conversion_id: str,
        attempt: int,
        deal: ElementRef,
        *,
        found: ResolvedClient | None = None,
        by: str,
        at: datetime,
    ) -> None:
        """Take the deal that deals opened, with its client; an answer to another attempt changes nothing."""
        if not self.conversion.is_about(conversion_id, attempt):
            return
        step = self.conversion.open_deal(deal, found)
        if step[0].state == "done":
            self.deal_ids = (*self.deal_ids, deal.id)
            self._proceed(step, by=by, at=at)

    def refuse_conversion(
        self,
        conversion_id: str,
        attempt: int,
        *,
        code: str,
        message: str,
        candidates: tuple[ElementRef, ...] = (),
        found: ResolvedClient | None = None,
    ) -> None:
        """End the conversion without a result; an answer to another attempt changes nothing."""
        if self.conversion.is_about(conversion_id, attempt):
            self._take(self.conversion.refuse(self.ref, code=code, message=message, candidates=candidates, found=found))

    def _fire(self, timer: Timer, *, at: datetime) -> None:
        """Repeat the request of the running attempt; see `Conversion.ask_again`."""
        if timer.kind == ASKS_AGAIN:
            self._take(self.conversion.ask_again(self.ref, at=at))

    def _clear(self, by: str, at: datetime) -> None:
        super()._clear(by, at)
        self.deal_ids = ()
        self.conversion = self.conversion.model_copy(update={"snapshot": None, "draft": None})

    def _take(self, step: Step) -> None:
        self.conversion, events = step
        self.wait_for_answer()
        for event in events:
            self.record(event)

    def wait_for_answer(self) -> None:
        """Have its timer as long as an answer is missing: each repeat waits for twice the silence of the one before."""
        conversion = self.conversion
        if conversion.state != "running" or conversion.asked_at is None:
            self._clear_timer(ASKS_AGAIN)
            return
        silence = timedelta(seconds=conversion.silence_s) * float(2**conversion.repeats)
        self._set_timer(
            Timer(
                id=ASKS_AGAIN,
                at=conversion.asked_at + silence,
                kind=ASKS_AGAIN,
                actor=conversion.started_by,
                correlation_id=conversion.correlation_id,
                traceparent=conversion.traceparent,
                roles=conversion.roles,
            )
        )

    def _proceed(self, step: Step, *, by: str, at: datetime) -> None:
        """Take a step of the running conversion, and finish the lead where it is the last."""
        self._take(step)
        if self.conversion.state == "done":
            self._finish(by=by, at=at)

    def _finish(self, *, by: str, at: datetime) -> None:
        """Link the results, which makes no repeat lead, and move to the stage of success (LEAD-14)."""
        conversion = self.conversion
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
        self.move(CONVERTED, NEW, by=by, at=at)
