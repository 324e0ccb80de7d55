"""How a schedule goes on: what it plans next, and what is made of dates that have come (DEAL-15).

Pure functions from one `Recurrence` to the next. Its dates only ever go forward, so there is one deal for each.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

from crm_contracts.recurrences import Recurrence, Schedule

from services.deals.schedule.domain.dates import dates_of, day_of, moment_of
from shared.kit.domain import Findings, Invalid

LATE: Final = timedelta(hours=1)
"""After so long a date has passed, where such dates are not caught up with."""


class WrongSchedule(Invalid):
    """Fields of the schedule do not go together."""

    code = "wrong_schedule"


class NoDates(Invalid):
    """The schedule is active, and has no date that is still to come."""

    code = "no_dates"


def check_schedule(schedule: Schedule) -> None:
    """Check that fields go together.

    Raises:
        WrongSchedule: naming every field that does not go with the others.
    """
    findings = Findings()
    of_other = ("every", "limit_count", "limit_date") if schedule.mode == "single" else ("before",)
    wrong = [name for name in of_other if getattr(schedule, name) is not None]
    with findings.collecting():
        if wrong:
            raise WrongSchedule.at(f"The mode `{schedule.mode}` has none; null takes it away.", *wrong)
    with findings.collecting():
        if schedule.mode == "multiple" and schedule.every is None:
            raise WrongSchedule.at("The mode `multiple` needs one.", "every")
    with findings.collecting():
        if schedule.limit_count is not None and schedule.limit_date is not None and schedule.mode == "multiple":
            raise WrongSchedule.at("One limit is expected, a number or a date.", "limit_count", "limit_date")
    findings.refuse()


def planned(schedule: Schedule, former: Recurrence | None, *, at: datetime) -> Recurrence:
    """Set a schedule, or another one in its place, which goes on after the last date that came.

    One of the same dates goes on as the former did: also where that has ended, or a date has come that is not made yet.

    Raises:
        NoDates: it is active, and has no date to come.
    """
    kept = (
        {} if former is None else {name: getattr(former, name) for name in ("made", "skipped", "last_date", "last_at")}
    )
    recurrence = Recurrence(**{**dict(schedule), **kept})
    if former is not None and _timing(recurrence) == _timing(former):
        return recurrence.model_copy(update={"next_date": former.next_date, "next_at": former.next_at})
    if not recurrence.active:
        return recurrence
    recurrence = _with_next(recurrence, _next_date(recurrence, at))
    if recurrence.next_at is None:
        raise NoDates.at("The schedule has no date that is still to come.", "start_date")
    return recurrence


def advanced(recurrence: Recurrence, *, at: datetime) -> tuple[Recurrence, date | None]:
    """Take what has come by now, and return the date that a deal is made for, if one is.

    Of several dates that have come, `all` takes the first, and leaves the others to be taken next.
    """
    come = list(_come(recurrence, at))
    if not come:
        return recurrence, None
    taken = come[:1] if recurrence.catch_up == "all" else come
    last = taken[-1]
    is_missed = recurrence.catch_up == "none" and at - moment_of(last, recurrence) > LATE
    made = 0 if is_missed else 1
    advanced_ = recurrence.model_copy(
        update={
            "made": recurrence.made + made,
            "skipped": recurrence.skipped + len(taken) - made,
            "last_date": last,
            "last_at": at,
        }
    )
    return _with_next(advanced_, next(_coming(advanced_, after=last), None)), None if is_missed else last


def coming_dates(recurrence: Recurrence, most: int) -> list[date]:
    """Return the next dates, up to so many."""
    if recurrence.next_date is None:
        return []
    return list(islice(_coming(recurrence, after=recurrence.next_date - timedelta(days=1)), most))


def _come(recurrence: Recurrence, at: datetime) -> Iterator[date]:
    """Yield the dates that have come, from the next one on."""
    if recurrence.next_date is None:
        return
    for day in dates_of(recurrence, after=recurrence.next_date - timedelta(days=1)):
        if moment_of(day, recurrence) > at:
            return
        yield day


def _coming(recurrence: Recurrence, *, after: date, at: datetime | None = None) -> Iterator[date]:
    """Yield the dates after one for which a deal may still be made, those whose moment is over by now left out."""
    dates = dates_of(recurrence, after=after)
    left = None if recurrence.limit_count is None else max(0, recurrence.limit_count - recurrence.made)
    return islice((day for day in dates if at is None or moment_of(day, recurrence) >= at), left)


def _next_date(recurrence: Recurrence, at: datetime) -> date | None:
    """Return the first date whose moment is not over, and that did not come before."""
    yesterday = day_of(at, recurrence) - timedelta(days=1)
    after = yesterday if recurrence.last_date is None else max(recurrence.last_date, yesterday)
    return next(_coming(recurrence, after=after, at=at), None)


def _with_next(recurrence: Recurrence, day: date | None) -> Recurrence:
    moment = None if day is None else moment_of(day, recurrence)
    return recurrence.model_copy(update={"next_date": day, "next_at": moment})


def _timing(schedule: Schedule) -> dict[str, object]:
    """Return what decides about dates."""
    untimed = {"begin_after", "close_after", "catch_up"}
    return {name: getattr(schedule, name) for name in Schedule.model_fields if name not in untimed}
