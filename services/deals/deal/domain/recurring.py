"""A deal that is a template: it makes deals by a schedule, and is none itself (DEAL-14, DEAL-15)."""

from datetime import datetime
from typing import ClassVar, Final

from crm_contracts.deals import DealState
from crm_contracts.pipelines import Stage
from crm_contracts.recurrences import (
    DealRecurringCreated,
    DealRecurringDue,
    DealRecurringUpdated,
    Recurrence,
    Schedule,
)
from crm_contracts.values import ElementRef

from services.deals.schedule.domain.dates import begin_date, close_date
from services.deals.schedule.domain.progress import advanced, planned
from shared.elements.domain.element import state_of
from shared.elements.domain.sales_element import SalesElement
from shared.kit.domain import Refused, derived_id
from shared.kit.timers.timer import HasTimers, Timer

MAKES_DEAL: Final = "recurring_deal"
"""The timer that makes the next deal of a template."""


class TemplateHasNoStages(Refused):
    """A template is no deal: it goes through no stages, and is neither won nor lost (DEAL-14)."""

    code = "template_has_no_stages"
    advice = "Move the deals that were made from it; delete the template, or pause its schedule, where it is to end."


class HasRecurrence(SalesElement, HasTimers, DealState):
    """A deal that may be a template."""

    TIMER_KINDS: ClassVar[tuple[str, ...]] = (MAKES_DEAL,)

    recurrence: Recurrence | None = None
    """Of a template."""

    @property
    def state(self) -> DealState:
        """What its events and answers show."""
        return state_of(self, DealState)

    @property
    def makes_alike(self) -> bool:
        """Whether it is a template that has a date to come."""
        return self.deleted_at is None and self.recurrence is not None and self.recurrence.next_at is not None

    def set_up(
        self, schedule: Schedule, based_on: ElementRef, *, by: str, at: datetime, roles: tuple[str, ...] = ()
    ) -> None:
        """Give a new template its schedule.

        Raises:
            NoDates: it has no date to come.
        """
        recurrence = planned(schedule, None, at=at)
        self._go_on(recurrence, Timer(id=MAKES_DEAL, at=at, kind=MAKES_DEAL, actor=by, roles=roles))
        self.record(DealRecurringCreated(deal=self.ref, based_on=based_on, recurrence=recurrence))

    def reschedule(self, schedule: Schedule, *, by: str, at: datetime, roles: tuple[str, ...] = ()) -> None:
        """Set another schedule, or pause it; it goes on after the last date that came, for who set it.

        Raises:
            NoDates: it has no date to come.
        """
        before = self.recurrence
        recurrence = planned(schedule, before, at=at)
        if before is None or recurrence == before:
            return
        self._touch(by, at)
        self._go_on(recurrence, Timer(id=MAKES_DEAL, at=at, kind=MAKES_DEAL, actor=by, roles=roles))
        self.record(DealRecurringUpdated(deal=self.ref, before=before, recurrence=recurrence))

    def check_enters(self, stage: Stage, first: Stage) -> None:
        """Check that it may enter a stage: a template stays on the first one of its pipeline.

        Raises:
            TemplateHasNoStages: it is a template, and that is another stage.
        """
        if self.is_recurring and stage.id != first.id:
            message = "A template goes through no stages: it stays on the first one of its pipeline."
            raise TemplateHasNoStages(message)

    def move_by_hand(self, stage: Stage, first: Stage, *, by: str, at: datetime) -> None:
        """Move to a stage as a user.

        Raises:
            TemplateHasNoStages: see `check_enters`.
        """
        self.check_enters(stage, first)
        super().move_by_hand(stage, first, by=by, at=at)

    def _fire(self, timer: Timer, *, at: datetime) -> None:
        """Ask for the deal of the date that has come, and wait for the next date."""
        before = self.recurrence
        if timer.kind != MAKES_DEAL or before is None:
            return
        recurrence, day = advanced(before, at=at)
        self._touch(timer.actor, at)
        self._go_on(recurrence, timer)
        if day is None:
            self.record(DealRecurringUpdated(deal=self.ref, before=before, recurrence=recurrence))
            return
        self.record(
            DealRecurringDue(
                deal=self.ref,
                recurrence=recurrence,
                planned_for=day,
                proposed_deal_id=derived_id("recurring-deal", self.id, day.isoformat()),
                begins_on=begin_date(day, recurrence),
                closes_on=close_date(day, recurrence),
                template=self.state,
            )
        )

    def _go_on(self, recurrence: Recurrence, timer: Timer) -> None:
        """Have the timer as long as there is a next date."""
        self.recurrence = recurrence
        if recurrence.next_at is None:
            self._clear_timer(timer.id)
        else:
            self._set_timer(timer.model_copy(update={"at": recurrence.next_at}))
