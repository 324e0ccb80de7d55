"""Templates that make deals, and the deals that they make."""

from datetime import datetime
from typing import Any

from crm_contracts.recurrences import DealRecurringDue, Period, Schedule

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.repeat import ClientHistory
from services.deals.recurring.domain import make_deal, make_template
from tests.builders.causes import NOON, a_cause
from tests.builders.deals import DEAL_STAGES, a_deal


def a_schedule(**fields: Any) -> Schedule:
    """Every day at noon, from the day of everything else on."""
    every = Period(number=1, unit="day")
    return Schedule(**{"start_date": NOON.date(), "every": every, "time_of_day": "12:00", **fields})


def just_created_template(id_: str = "template-1", *, at: datetime = NOON, **schedule: Any) -> Deal:
    """A template that has not been stored yet."""
    return make_template(id_, 6, a_deal(), a_cause(at=at), first=DEAL_STAGES.first, schedule=a_schedule(**schedule))


def wake(template: Deal, *, at: datetime) -> None:
    """Fire the timer, if it is due by then."""
    for timer in template.timers:
        if timer.at <= at:
            template.wake(timer.id, timer.at, at=at)


def just_made_deal(due: DealRecurringDue, *, at: datetime = NOON) -> Deal:
    """The deal of a date that has come, not stored yet."""
    return make_deal(
        due.proposed_deal_id,
        7,
        due.template,
        a_cause(at=at),
        first=DEAL_STAGES.first,
        history=ClientHistory(),
        begin_date=due.begins_on,
        close_date=due.closes_on,
        planned_for=due.planned_for,
    )
