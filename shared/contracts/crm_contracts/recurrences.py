"""Templates that deals are made from: when they make them, how far they got, and the events about it (DEAL-15)."""

from datetime import date, datetime
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from crm_contracts.deals import DealState, OfDeal
from crm_contracts.values import ElementRef, Value

Unit: TypeAlias = Literal["day", "week", "month", "year"]
RecurrenceMode: TypeAlias = Literal["single", "multiple"]
CatchUp: TypeAlias = Literal["all", "latest", "none"]


class Period(Value):
    """So many days, weeks, months or years."""

    number: int = Field(examples=[1])
    unit: Unit = Field(examples=["month"])


class Schedule(Value):
    """The dates for which deals are made, and what dates these deals have.

    Date and time of day are those of clocks in the time zone, so they stay the same when these are put forward or back.
    """

    mode: RecurrenceMode = Field(
        default="multiple", description="`multiple` dates, one after the other; or a `single` one"
    )
    start_date: date = Field(
        examples=["2026-01-31"], description="the first date; in the mode `single` what `before` counts back from"
    )
    time_of_day: str = Field(default="00:00", examples=["09:00"], description="when the deal is made, `HH:MM`")
    time_zone: str = Field(default="UTC", examples=["Europe/Berlin"], description="by its name in the IANA database")
    every: Period | None = Field(
        default=None, description="how far apart the dates are, counted from the first; null in the mode `single`"
    )
    before: Period | None = Field(
        default=None, description="how long before `start_date` the one deal is made; null in the mode `multiple`"
    )
    begin_after: Period | None = Field(
        default=None, description="from the date to the first day of the deal; null for the date itself"
    )
    close_after: Period | None = Field(
        default=None, description="from the date to the expected day of closing; null for seven days after the first"
    )
    limit_count: int | None = Field(default=None, examples=[12], description="how many deals are made at most")
    limit_date: date | None = Field(default=None, examples=["2026-12-31"], description="the last date that may be one")
    catch_up: CatchUp = Field(
        default="all",
        description="what is made of dates that passed while nothing ran: a deal for `all` of them, one for the "
        "`latest`, or `none`",
    )
    active: bool = Field(default=True, description="false pauses it; dates that pass meanwhile are left out")


class Recurrence(Schedule):
    """A schedule, and how far it got."""

    made: int = Field(default=0, examples=[2], description="how many deals it has made")
    skipped: int = Field(default=0, description="how many dates passed without a deal, by `catch_up`")
    last_date: date | None = Field(default=None, examples=["2026-02-28"], description="the last date that came")
    last_at: datetime | None = Field(default=None, description="when it was acted on")
    next_date: date | None = Field(
        default=None, examples=["2026-03-31"], description="the next date; null after the last one, and in a pause"
    )
    next_at: datetime | None = Field(default=None, description="the moment of that")


class DealRecurringCreated(OfDeal):
    """A template was made as a copy of a deal; `DealCreated`, which comes just before it, tells the rest (DEAL-15)."""

    ce_type: ClassVar[str] = "crm.deal.recurring_created.v1"
    based_on: ElementRef
    recurrence: Recurrence


class DealRecurringUpdated(OfDeal):
    """The schedule of a template is another one, or it went on without a deal (DEAL-15)."""

    ce_type: ClassVar[str] = "crm.deal.recurring_updated.v1"
    before: Recurrence
    recurrence: Recurrence


class DealRecurringDue(OfDeal):
    """A date of a template has come; it asks deals, who published it, to make the deal (DEAL-15).

    The deal is made from `template`, as that was then.
    """

    ce_type: ClassVar[str] = "crm.deal.recurring_due.v1"
    recurrence: Recurrence
    planned_for: date = Field(examples=["2026-02-28"])
    proposed_deal_id: str = Field(description="the id of the deal: one for each date of the template")
    begins_on: date = Field(examples=["2026-02-28"])
    closes_on: date = Field(examples=["2026-03-07"])
    template: DealState


class DealRecurringExposed(OfDeal):
    """A deal was made from a template; `DealCreated`, which comes just before it, tells its fields (DEAL-15)."""

    ce_type: ClassVar[str] = "crm.deal.recurring_exposed.v1"
    template: ElementRef
    planned_for: date | None = Field(
        default=None,
        examples=["2026-02-28"],
        description="the date that it was made for; null where a user asked for it",
    )
