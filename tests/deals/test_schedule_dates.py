"""The dates of schedules (DEAL-15): by a table of 200 whose values are argued in it, and by rules of any schedule.

The table was made with python-dateutil, which counts days and reads the time zones by code of its own, and it was read
through line by line where a month is too short or clocks are put forward or back. It is compared with both.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from crm_contracts.recurrences import CatchUp, Period, Recurrence, Schedule
from dateutil import tz
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from services.deals.schedule.domain.dates import (
    LAST_DAY,
    begin_date,
    close_date,
    dates_of,
    moment_of,
    shifted,
)
from services.deals.schedule.domain.progress import LATE, NoDates, advanced, coming_dates, planned

TABLE: Final = Path(__file__).with_name("schedule_dates.csv")
ROWS: Final = list(csv.DictReader(TABLE.open(encoding="utf-8")))
ZONES: Final = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
UNITS: Final = ("day", "week", "month", "year")
JANUARY: Final = datetime(2026, 1, 1, tzinfo=UTC)

periods = st.builds(Period, number=st.integers(1, 40), unit=st.sampled_from(UNITS))
times = st.times().map(lambda each: f"{each:%H:%M}")
days = st.dates(date(1990, 1, 1), date(2060, 1, 1))
schedules = st.builds(
    Schedule,
    start_date=days,
    every=periods,
    time_of_day=times,
    time_zone=st.sampled_from(ZONES),
    limit_date=st.none() | days,
    limit_count=st.none() | st.integers(1, 20),
    catch_up=st.sampled_from(["all", "latest", "none"]),
)


def monthly(start: date = date(2026, 1, 31), **fields: Any) -> Schedule:
    return Schedule(**{"start_date": start, "every": Period(number=1, unit="month"), **fields})


def daily(**fields: Any) -> Schedule:
    return monthly(date(2026, 1, 1), **{"every": Period(number=1, unit="day"), **fields})


def at(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def test_the_table_has_enough_dates() -> None:
    assert len(ROWS) >= 200
    assert {row["time_zone"] for row in ROWS} == set(ZONES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "{start}+{times}x{number}{unit}@{time_of_day}".format(**row))
def test_a_date_and_its_moment_are_those_of_the_table(row: dict[str, Any]) -> None:
    """DEAL-15: and those that an independent library finds."""
    start, times_, number = date.fromisoformat(row["start"]), int(row["times"]), int(row["number"])
    period = Period(number=number, unit=row["unit"])
    day, moment = shifted(start, period, times_), datetime.fromisoformat(row["moment"])
    assert day == date.fromisoformat(row["date"]), row["why"]
    assert day == start + relativedelta(**{f"{row['unit']}s": number * times_})
    schedule = monthly(start, every=period, time_of_day=row["time_of_day"], time_zone=row["time_zone"])
    assert moment_of(day, schedule) == moment, row["why"]
    wall = datetime.combine(day, time.fromisoformat(row["time_of_day"]), tz.gettz(row["time_zone"]))
    assert tz.resolve_imaginary(wall).astimezone(UTC) == moment


def counted(schedule: Schedule) -> Iterator[date]:
    """All dates, one after the other from the start."""
    assert schedule.every is not None
    number = 0
    last = min(schedule.limit_date or LAST_DAY, LAST_DAY)
    while (day := shifted(schedule.start_date, schedule.every, number)) is not None and day <= last:
        yield day
        number += 1


@settings(deadline=None)
@given(schedules, st.dates(date(1980, 1, 1), date(2080, 1, 1)))
def test_dates_after_a_day_are_the_rest_of_all_dates(schedule: Schedule, after: date) -> None:
    found = list(islice(dates_of(schedule, after=after), 5))
    rest = (day for day in counted(schedule) if day > after)
    assert found == list(islice(rest, 5))


@settings(deadline=None)
@given(schedules)
def test_dates_go_forward(schedule: Schedule) -> None:
    assert all(one < other for one, other in pairwise(islice(dates_of(schedule), 50)))


@settings(deadline=None)
@given(days, periods, st.integers(-50, 50))
def test_a_shift_is_that_of_an_independent_library(day: date, period: Period, times_: int) -> None:
    delta = relativedelta(**{f"{period.unit}s": period.number * times_})
    try:
        expected: date | None = day + delta
    except (OverflowError, ValueError):
        expected = None
    assert shifted(day, period, times_) == expected


@settings(deadline=None)
@given(days, times, st.sampled_from(ZONES))
def test_a_moment_is_that_of_an_independent_library(day: date, time_of_day: str, zone: str) -> None:
    wall = datetime.combine(day, time.fromisoformat(time_of_day), tz.gettz(zone))
    schedule = daily(time_of_day=time_of_day, time_zone=zone)
    assert moment_of(day, schedule) == tz.resolve_imaginary(wall).astimezone(UTC)


@pytest.mark.parametrize("times_", [10**6, -(10**6)])
@pytest.mark.parametrize("unit", UNITS)
def test_there_is_no_day_beyond_the_calendar(unit: Any, times_: int) -> None:
    assert shifted(date(2026, 1, 1), Period(number=9, unit=unit), times_) is None


def test_a_deal_that_is_made_once_is_made_a_while_before_its_day() -> None:
    """DEAL-15: the mode `single`."""
    once = Schedule(mode="single", start_date=date(2026, 3, 31), before=Period(number=1, unit="month"))
    assert list(dates_of(once)) == [date(2026, 2, 28)]
    assert list(dates_of(once.model_copy(update={"before": None}))) == [date(2026, 3, 31)]
    assert list(dates_of(once, after=date(2026, 2, 28))) == []


def test_begin_and_close_date_follow_from_offsets() -> None:
    """DEAL-15, DEAL-12."""
    day, plain = date(2026, 1, 31), monthly()
    assert (begin_date(day, plain), close_date(day, plain)) == (day, date(2026, 2, 7))
    later = monthly(begin_after=Period(number=1, unit="month"), close_after=Period(number=2, unit="week"))
    assert (begin_date(day, later), close_date(day, later)) == (date(2026, 2, 28), date(2026, 2, 14))
    begun = monthly(begin_after=Period(number=3, unit="day"))
    assert close_date(day, begun) == date(2026, 2, 10)


def test_a_new_schedule_begins_with_the_first_date_to_come() -> None:
    """DEAL-15: what has passed before it was set is not made."""
    recurrence = planned(monthly(time_of_day="09:00", time_zone="Europe/Berlin"), None, at=at(date(2026, 2, 28), 9))
    assert (recurrence.next_date, recurrence.next_at) == (date(2026, 3, 31), at(date(2026, 3, 31), 7))
    today = planned(monthly(time_of_day="11:00", time_zone="Europe/Berlin"), None, at=at(date(2026, 2, 28), 9))
    assert today.next_date == date(2026, 2, 28)


def test_a_date_that_passed_before_counts_for_no_limit() -> None:
    """DEAL-15: a schedule of one deal whose time of today is over makes it tomorrow."""
    noon = at(date(2026, 1, 1), 12)
    recurrence = planned(daily(limit_count=1), None, at=noon)
    assert (recurrence.next_date, coming_dates(recurrence, 5)) == (date(2026, 1, 2), [date(2026, 1, 2)])


def test_what_is_not_about_dates_leaves_the_next_one_as_it_is() -> None:
    """DEAL-15: also one that has come, and that a standstill has kept from being made."""
    waiting = planned(daily(), None, at=JANUARY)
    corrected = planned(daily(catch_up="latest"), waiting, at=at(date(2026, 1, 4), 12))
    assert (corrected.next_date, corrected.catch_up) == (date(2026, 1, 1), "latest")


def after_a_standstill(catch_up: CatchUp, until: datetime, **fields: Any) -> tuple[Recurrence, list[date]]:
    """A daily schedule of the first of January that nobody looked at until then, and what it makes."""
    recurrence, made = planned(daily(catch_up=catch_up, **fields), None, at=JANUARY), list[date]()
    while recurrence.next_at is not None and recurrence.next_at <= until:
        recurrence, day = advanced(recurrence, at=until)
        made += [day] if day else []
    return recurrence, made


def test_a_standstill_is_caught_up_with_as_the_schedule_says() -> None:
    """DEAL-15: all dates, the latest one, or none; what was left out is counted."""
    noon = at(date(2026, 1, 4), 12)
    all_, made = after_a_standstill("all", noon)
    assert (made, all_.made, all_.skipped) == ([date(2026, 1, day) for day in range(1, 5)], 4, 0)
    latest, made = after_a_standstill("latest", noon)
    assert (made, latest.made, latest.skipped) == ([date(2026, 1, 4)], 1, 3)
    none, made = after_a_standstill("none", noon)
    assert (made, none.made, none.skipped) == ([], 0, 4)
    assert {each.next_date for each in (all_, latest, none)} == {date(2026, 1, 5)}


def test_what_is_a_little_late_has_not_passed() -> None:
    _, made = after_a_standstill("none", at(date(2026, 1, 1)) + LATE)
    assert made == [date(2026, 1, 1)]


def test_a_number_limits_what_is_made() -> None:
    """DEAL-15: also where a standstill is caught up with."""
    ended, made = after_a_standstill("all", at(date(2026, 2, 1)), limit_count=3)
    assert (len(made), ended.made, ended.next_date, ended.next_at) == (3, 3, None, None)


def test_a_date_limits_what_is_made() -> None:
    """DEAL-15: it is the last date that may be one."""
    ended, made = after_a_standstill("all", at(date(2026, 2, 1)), limit_date=date(2026, 1, 2))
    assert (made, ended.next_date) == ([date(2026, 1, 1), date(2026, 1, 2)], None)


def test_what_has_come_already_changes_nothing_when_it_comes_again() -> None:
    recurrence = planned(daily(), None, at=JANUARY)
    once, day = advanced(recurrence, at=JANUARY)
    assert day == date(2026, 1, 1)
    assert advanced(once, at=JANUARY) == (once, None)


def test_another_schedule_goes_on_after_the_last_date_that_came() -> None:
    """DEAL-15: no date comes twice, so there is one deal for each."""
    once, _ = advanced(planned(daily(), None, at=JANUARY), at=JANUARY)
    moved = planned(daily(time_of_day="18:00"), once, at=JANUARY)
    assert (moved.next_date, moved.made, moved.last_date) == (date(2026, 1, 2), 1, date(2026, 1, 1))


def test_dates_that_pass_in_a_pause_are_left_out() -> None:
    paused = planned(daily(active=False), planned(daily(), None, at=JANUARY), at=JANUARY)
    assert (paused.next_date, paused.next_at) == (None, None)
    assert advanced(paused, at=at(date(2026, 1, 5))) == (paused, None)
    again = planned(daily(), paused, at=at(date(2026, 1, 5), 1))
    assert (again.next_date, again.skipped) == (date(2026, 1, 6), 0)


@pytest.mark.parametrize(
    "schedule",
    [
        daily(limit_date=date(2025, 12, 31)),
        Schedule(mode="single", start_date=date(2025, 12, 31)),
        Schedule(mode="single", start_date=date(2026, 1, 1), before=Period(number=1, unit="day")),
    ],
)
def test_a_schedule_without_dates_to_come_is_refused_unless_it_is_paused(schedule: Schedule) -> None:
    with pytest.raises(NoDates):
        planned(schedule, None, at=JANUARY)
    assert planned(schedule.model_copy(update={"active": False}), None, at=JANUARY).next_at is None


def test_one_that_has_ended_may_be_corrected_where_that_is_not_about_its_dates() -> None:
    ended, _ = after_a_standstill("all", at(date(2026, 2, 1)), limit_count=3)
    corrected = planned(daily(limit_count=3, close_after=Period(number=1, unit="day")), ended, at=JANUARY)
    assert corrected.next_at is None
    with pytest.raises(NoDates):
        planned(daily(limit_count=2), ended, at=JANUARY)
    assert planned(daily(limit_count=4), ended, at=at(date(2026, 2, 1))).next_date == date(2026, 2, 1)


def test_the_next_dates_are_told() -> None:
    recurrence = planned(monthly(limit_count=3), None, at=JANUARY)
    assert coming_dates(recurrence, 10) == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert coming_dates(recurrence, 1) == [date(2026, 1, 31)]
    assert coming_dates(planned(daily(active=False), None, at=JANUARY), 10) == []


@settings(deadline=None)
@given(schedules, st.integers(0, 400), st.integers(0, 400))
def test_what_is_made_is_each_date_once_and_as_told(schedule: Schedule, since: int, until: int) -> None:
    """DEAL-15: whenever it is looked at."""
    began = at(schedule.start_date + timedelta(days=since))
    try:
        recurrence = planned(schedule, None, at=began)
    except NoDates:
        return
    unlimited = recurrence.model_copy(update={"limit_count": None})  # a latest date takes the place of earlier ones
    told, seen = coming_dates(unlimited, 401), list[date]()
    now = began + timedelta(days=until)
    while recurrence.next_at is not None and recurrence.next_at <= now:
        before = recurrence
        recurrence, day = advanced(recurrence, at=now)
        assert recurrence.made + recurrence.skipped > before.made + before.skipped
        seen += [day] if day else []
    assert len(seen) == len(set(seen)) == recurrence.made
    assert set(seen) <= set(told)
    if schedule.catch_up == "all":
        assert seen == told[: len(seen)]
    if schedule.limit_count is not None:
        assert len(seen) <= schedule.limit_count
