"""Request and answer bodies of templates."""

from datetime import date, datetime
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from crm_contracts.recurrences import CatchUp, Period, Recurrence, RecurrenceMode, Schedule, Unit
from pydantic import AfterValidator, BaseModel, Field, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError

from services.deals.deal.domain.deal import Deal
from services.deals.deal.schemas import DealOut
from services.deals.schedule.domain.dates import FIRST_DAY, LAST_DAY, begin_date, close_date, moment_of
from services.deals.schedule.domain.progress import coming_dates
from shared.elements.schemas.filters import SalesFilters, filter_of
from shared.elements.schemas.scalars import ElementId, NewId
from shared.elements.schemas.strict_types import WHOLE, StrictDate
from shared.kit.web.schemas import Input

MAX_NUMBER: Final = 1_000
MAX_COUNT: Final = 10_000
_ZONES: Final = frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _ZONES:
        message = "There is no such time zone in the IANA database; one is Europe/Berlin"
        raise PydanticCustomError("unknown_time_zone", "{message}", {"message": message})
    return name


def _planned(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        message = f"A date from {FIRST_DAY} to {LAST_DAY} is needed"
        raise PydanticCustomError("date_out_of_range", "{message}", {"message": message})
    return day


TimeZone = Annotated[str, StringConstraints(max_length=100), AfterValidator(_known_zone)]
TimeOfDay = Annotated[str, StringConstraints(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Annotated[StrictDate, AfterValidator(_planned)]


class OffsetIn(Input):
    """So many days, weeks, months or years from a date; none is the date itself."""

    number: Annotated[int, Field(ge=0, le=MAX_NUMBER), WHOLE]
    unit: Unit


class PeriodIn(Input):
    """So many days, weeks, months or years."""

    number: Annotated[int, Field(ge=1, le=MAX_NUMBER), WHOLE]
    unit: Unit


class ScheduleIn(Input):
    """When deals are made; on PATCH, what is absent stays as it is."""

    mode: RecurrenceMode = "multiple"
    start_date: Day = Field(default_factory=lambda: FIRST_DAY)
    time_of_day: TimeOfDay = "00:00"
    time_zone: TimeZone = "UTC"
    every: PeriodIn | None = None
    before: OffsetIn | None = None
    begin_after: OffsetIn | None = None
    close_after: OffsetIn | None = None
    limit_count: Annotated[int, Field(ge=1, le=MAX_COUNT), WHOLE] | None = None
    limit_date: Day | None = None
    catch_up: CatchUp = "all"
    active: StrictBool = True

    def fields(self) -> dict[str, Any]:
        """Take what the caller sent."""
        given = {name: getattr(self, name) for name in Schedule.model_fields if name in self.model_fields_set}
        return {name: Period(**dict(each)) if isinstance(each, Input) else each for name, each in given.items()}


class SchedulePatch(ScheduleIn):
    """Changes of a schedule."""


class RecurringDealIn(ScheduleIn):
    """A new template: the deal that it copies, and its schedule."""

    id: NewId | None = None
    based_on_id: ElementId
    start_date: Day

    @property
    def schedule(self) -> Schedule:
        """The schedule."""
        return Schedule(**self.fields())


class RecurringDealOut(DealOut):
    """A template with its schedule, and how far that got."""

    recurrence: Recurrence

    @classmethod
    def of(cls, deal: Deal) -> "RecurringDealOut":
        """Show a template."""
        return cls(**{**dict(DealOut.of(deal)), "recurrence": deal.recurrence})


class RecurringDealFilters(SalesFilters):
    """Filters of the list of templates."""

    filter: Annotated[str | None, filter_of("Deal")] = None


class PlannedDeal(BaseModel):
    """A deal that is still to be made."""

    planned_for: date
    at: datetime
    begin_date: date
    close_date: date

    @classmethod
    def next_of(cls, template: Deal, most: int) -> "list[PlannedDeal]":
        """Show up to so many that a template will make next."""
        recurrence = template.recurrence
        if recurrence is None:
            return []
        return [
            cls(
                planned_for=day,
                at=moment_of(day, recurrence),
                begin_date=begin_date(day, recurrence),
                close_date=close_date(day, recurrence),
            )
            for day in coming_dates(recurrence, most)
        ]
