"""The dates of a schedule (DEAL-15).

Pure. Date n is the first date plus n times the period, never the date before plus one: a schedule that begins on the
31st has the 28th of February, and the 31st of March again. `rrule` of RFC 5545 leaves out months without a 31st.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from crm_contracts.recurrences import Period, Schedule

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2200, 1, 1)
"""Between these a schedule has dates."""
DAYS_TO_CLOSE: Final = 7

_DAYS: Final = {"day": 1, "week": 7}
_MONTHS: Final = {"month": 1, "year": 12}
_MONTHS_OF_A_YEAR: Final = 12


def shifted(day: date, period: Period, times: int = 1) -> date | None:
    """Return the day so many periods later, or earlier; in a month that is too short, its last day.

    None beyond the calendar.
    """
    number = period.number * times
    try:
        if period.unit in _DAYS:
            return day + timedelta(days=number * _DAYS[period.unit])
        months = day.year * _MONTHS_OF_A_YEAR + day.month - 1 + number * _MONTHS[period.unit]
        year, month = divmod(months, _MONTHS_OF_A_YEAR)
        return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):
        return None


def moment_of(day: date, schedule: Schedule) -> datetime:
    """Return the moment of a date, UTC.

    A time of day that clocks pass over, put forward, counts as if they had not been: 02:30 is 03:30. Of one that they
    show twice, put back, the first is meant.
    """
    at = time.fromisoformat(schedule.time_of_day)
    return datetime.combine(day, at, ZoneInfo(schedule.time_zone)).astimezone(UTC)


def day_of(moment: datetime, schedule: Schedule) -> date:
    """Return the date of a moment in the time zone of the schedule."""
    return moment.astimezone(ZoneInfo(schedule.time_zone)).date()


def dates_of(schedule: Schedule, *, after: date | None = None) -> Iterator[date]:
    """Yield the dates after this one, or all, in order, whatever their number is limited to."""
    every = schedule.every
    if every is None:
        first = shifted(schedule.start_date, schedule.before, -1) if schedule.before else schedule.start_date
        if first is not None and (after is None or first > after):
            yield first
        return
    last = min(schedule.limit_date or LAST_DAY, LAST_DAY)
    number = 0 if after is None or after < schedule.start_date else _periods_until(after, schedule.start_date, every)
    while (day := shifted(schedule.start_date, every, number)) is not None and day <= last:
        if after is None or day > after:
            yield day
        number += 1


def begin_date(day: date, schedule: Schedule) -> date:
    """Return the first day of the deal that is made for a date (DEAL-15)."""
    return _offset(day, schedule.begin_after)


def close_date(day: date, schedule: Schedule) -> date:
    """Return the expected day of closing of the deal that is made for a date (DEAL-15, DEAL-12)."""
    if schedule.close_after is None:
        return begin_date(day, schedule) + timedelta(days=DAYS_TO_CLOSE)
    return _offset(day, schedule.close_after)


def _offset(day: date, offset: Period | None) -> date:
    return day if offset is None else shifted(day, offset) or date.max


def _periods_until(day: date, start: date, every: Period) -> int:
    """Return how many whole periods there are; where days of the month decide, there may be one less."""
    if every.unit in _DAYS:
        return (day - start).days // (every.number * _DAYS[every.unit])
    months = (day.year - start.year) * _MONTHS_OF_A_YEAR + day.month - start.month
    return months // (every.number * _MONTHS[every.unit])
