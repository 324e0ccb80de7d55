"""How a file writes numbers, dates and phones: given by options, or recognised from its values. Pure.

`1.234,50` has a decimal comma, and `24.12.1990` begins with the day, whatever the others are. `1,234`, `1.234` and
`3/4/1990` are read as the others of their column are, and are wrong where those say nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from deploy.cli.imports.evidence import BY_FORM, Evidence, Unreadable
from shared.elements.domain.contact_points import normalized_phone
from shared.elements.schemas.strict_types import StrictDate, StrictDatetime

MARKS: Final = {".": "a decimal point", ",": "a decimal comma"}
ORDERS: Final = {"dmy": "the day first", "mdy": "the month first"}

_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
"""Plain digits: Python's own parser would take `1_000`, exponents and digits of other scripts."""
_BLANKS: Final = " \u00a0\u202f'\u2019"
_MARKED: Final = {
    mark: re.compile(
        rf"[+-]?([0-9]{{1,30}}|[1-9][0-9]{{0,2}}(?P<by>[{other}{_BLANKS}])[0-9]{{3}}((?P=by)[0-9]{{3}}){{0,9}})"
        rf"({re.escape(mark)}[0-9]{{1,30}})?"
    )
    for mark, other in ((".", ","), (",", "."))
}
_YEAR_FIRST: Final = re.compile(r"(?P<y>[0-9]{4})([-/.])(?P<m>[0-9]{1,2})\2(?P<d>[0-9]{1,2})")
_DOTTED: Final = re.compile(r"(?P<d>[0-9]{1,2})\. ?(?P<m>[0-9]{1,2})\. ?(?P<y>[0-9]{4})")
_DAY_FIRST: Final = re.compile(r"(?P<d>[0-9]{1,2})([-/])(?P<m>[0-9]{1,2})\2(?P<y>[0-9]{4})")
_MONTH_FIRST: Final = re.compile(r"(?P<m>[0-9]{1,2})([-/])(?P<d>[0-9]{1,2})\2(?P<y>[0-9]{4})")
_FORMS: Final = ((BY_FORM, _YEAR_FIRST), (BY_FORM, _DOTTED), ("dmy", _DAY_FIRST), ("mdy", _MONTH_FIRST))
_TIME: Final = re.compile(
    r"(T| +)(?P<h>[0-9]{1,2}):(?P<rest>[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)( ?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2}))?$"
)
"""What follows the day of a moment."""
_SHORTENED: Final = re.compile(r"[0-9]+([.,][0-9]+)?E\+[0-9]{1,3}", re.IGNORECASE)
"""A long number as a spreadsheet shows and saves it in a narrow column."""
_SHOWN: Final = 40
_DATE: Final[TypeAdapter[date]] = TypeAdapter(StrictDate)
_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(StrictDatetime)
_HOURS: Final = re.compile(r"(?<=[+-][0-9]{2})(?=[0-9]{2}$)")
"""Between hours and minutes of a zone that is written as `+0200`."""


@dataclass(frozen=True)
class Conventions:
    """What is known of a file.

    Attributes:
        country: of phones without a country code; None leaves it to the service.
        time_zone: of times that do not say theirs.
    """

    marks: Evidence[Decimal] = field(default_factory=lambda: Evidence("--decimal", MARKS))
    orders: Evidence[date] = field(default_factory=lambda: Evidence("--dates", ORDERS))
    country: str | None = None
    time_zone: str | None = None

    @classmethod
    def given(
        cls, decimal: str | None, dates: str | None, country: str | None, time_zone: str | None = None
    ) -> "Conventions":
        """Take what is not None as said for the whole file."""
        return cls(Evidence("--decimal", MARKS, decimal), Evidence("--dates", ORDERS, dates), country, time_zone)

    def learn(self, cells: dict[str, str], numbers: Iterable[str], dates: Iterable[str]) -> None:
        """Note what a row says of how these columns are written."""
        for column in numbers:
            self.marks.learn(column, _numbers(cells[column]))
        for column in dates:
            self.orders.learn(column, _dates(_TIME.sub("", cells[column])))

    def number(self, column: str, text: str, *, typed: bool = False) -> Decimal:
        """Read a number; `typed` is one that the file itself has as a number.

        Raises:
            Unreadable: it is none, or could be two.
        """
        if typed and _PLAIN.fullmatch(text):
            return Decimal(text)
        readings = _numbers(text)
        if not readings or typed:
            raise Unreadable("no_number", f"{text[:_SHOWN]!r} is not a number")
        return self.marks.choose(column, text, readings)

    def day(self, column: str, text: str) -> str:
        """Read a date, and write it as ISO 8601 does.

        Raises:
            Unreadable: it is none, or could be two.
        """
        readings = _dates(text)
        if not readings:
            raise Unreadable("no_date", f"{text[:_SHOWN]!r} is not a date: write it as 1990-12-24")
        return self.orders.choose(column, text, readings).isoformat()

    def moment(self, column: str, text: str) -> str:
        """Read a date with a time, or one alone as its midnight, and write it as ISO 8601 does.

        Raises:
            Unreadable: it is none, or could be two, or nothing says its time zone.
        """
        day, told = self.day(column, _TIME.sub("", text)), _TIME.search(text)
        time, zone = (f"{told['h']:0>2}:{told['rest']}", told["zone"]) if told else ("00:00", None)
        if zone is None and self.time_zone is None:
            raise Unreadable("no_time_zone", f"{text[:_SHOWN]!r} has no time zone: say which by --time-zone")
        try:
            at = _MOMENT.validate_python(f"{day}T{time}{_HOURS.sub(':', zone) if zone else 'Z'}")
        except ValidationError:
            raise Unreadable("no_time", f"{text[:_SHOWN]!r} is not a time: write it as 2026-03-31T09:30:00Z") from None
        if zone is None and self.time_zone is not None:
            at = at.replace(tzinfo=ZoneInfo(self.time_zone))
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def phone(self, text: str) -> str:
        """Check a phone; it stays as it was typed, and the service is told the country of those without a code.

        Raises:
            Unreadable: a spreadsheet has shortened it, or it is not valid in its country.
        """
        if _SHORTENED.fullmatch(text):
            lost = "has lost its digits in a spreadsheet: format the column as text there, and write the phone anew"
            raise Unreadable("digits_lost", f"{text[:_SHOWN]!r} {lost}")
        if self.country and not text.startswith("+") and normalized_phone(text, self.country) is None:
            raise Unreadable("no_phone", f"{text[:_SHOWN]!r} is not a phone of {self.country}")
        return text

    def said(self) -> list[str]:
        """Say what was recognised, a line for each column."""
        return [*self.marks.said(), *self.orders.said()]


def _numbers(text: str) -> dict[str, Decimal]:
    fitting = {mark: pattern for mark, pattern in _MARKED.items() if pattern.fullmatch(text)}
    return {mark: Decimal(re.sub(rf"[^0-9+{mark}-]", "", text).replace(",", ".")) for mark in fitting}


def _dates(text: str) -> dict[str, date]:
    readings = {}
    for way, pattern in _FORMS:
        if parts := pattern.fullmatch(text):
            try:
                readings[way] = _DATE.validate_python(f"{parts['y']}-{parts['m']:0>2}-{parts['d']:0>2}")
            except ValidationError:
                continue
    return readings
