"""Read what fields are compared with: strictly by the kind of the field, and nothing that is no plain value."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from shared.elements.domain.filters.nodes import Scalar
from shared.elements.domain.filters.wildcards import MAX_PATTERN, is_pattern

MAX_TEXT: Final = 2_000
MAX_DAYS: Final = 36_500
LARGEST: Final = 10**18
"""A whole number that MongoDB has, and every reader of JSON."""

DECIMAL: Final = r"-?[0-9]{1,20}(\.[0-9]{1,10})?"
"""Fewer digits than a decimal of MongoDB has, so that none is rounded."""
_DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"


class WrongOperand(Exception):
    """The value is none that a field of this kind is compared with; the message says what is needed."""


Reader = Callable[[Any, datetime], Scalar]


def read_operand(kind: str, raw: Any, now: datetime) -> Scalar:
    """Read a value to compare a field of this kind with; `now` is what relative dates count from.

    Raises:
        WrongOperand: it is of another type, or out of bounds.
    """
    if raw is None:
        raise WrongOperand('nothing equals null; `{"empty": true}` finds fields without a value')
    return _READERS.get(kind, _text)(raw, now)


def read_pattern(raw: Any) -> str:
    """Read the pattern of `like`.

    Raises:
        WrongOperand: it is no text, too long, or has a backslash that stands for nothing.
    """
    pattern = _plain(raw, MAX_PATTERN)
    if not is_pattern(pattern):
        raise WrongOperand(r"a backslash stands before % or another backslash alone: \% or \\")
    return pattern


def read_truth(raw: Any) -> bool:
    """Read `true` or `false`.

    Raises:
        WrongOperand: it is neither.
    """
    if not isinstance(raw, bool):
        raise WrongOperand("`true` or `false` is needed")
    return raw


def is_relative(kind: str, raw: Any) -> bool:
    """Return whether a value is a date or a time that is named by its distance from now."""
    return isinstance(raw, Mapping) and len(raw) == 1 and next(iter(raw)) in _UNITS.get(kind, ())


_UNITS: Final[Mapping[str, tuple[str, ...]]] = {"date": ("days",), "datetime": ("days", "hours")}


def _plain(raw: Any, most: int) -> str:
    if not isinstance(raw, str):
        raise WrongOperand("a text is needed")
    if len(raw) > most:
        raise WrongOperand(f"at most {most} characters are allowed")
    if "\x00" in raw:
        raise WrongOperand("a text without the character NUL is needed")
    try:
        raw.encode()
    except UnicodeEncodeError:
        raise WrongOperand("a text in UTF-8 is needed") from None
    return raw


def _text(raw: Any, _: datetime) -> str:
    return _plain(raw, MAX_TEXT)


def _integer(raw: Any, _: datetime) -> int:
    # In JSON 1.0 is a whole number; `1e400` is infinite here, and no whole number.
    is_whole = isinstance(raw, int) or (isinstance(raw, float) and raw.is_integer())
    if isinstance(raw, bool) or not is_whole or abs(raw) > LARGEST:
        raise WrongOperand("a whole number is needed, -10^18 to 10^18")
    return int(raw)


def _decimal(raw: Any, _: datetime) -> Decimal:
    text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) <= LARGEST else raw
    if not isinstance(text, str) or not re.fullmatch(DECIMAL, text):
        raise WrongOperand('a decimal text such as "12.50" is needed, with at most 20 digits and 10 places')
    return Decimal(text)


def _date(raw: Any, now: datetime) -> str:
    if is_relative("date", raw):
        return _distant(raw, now).date().isoformat()
    if isinstance(raw, str) and re.fullmatch(_DATE, raw):
        try:
            return date.fromisoformat(raw).isoformat()
        except ValueError:
            raise WrongOperand("there is no such date") from None
    raise WrongOperand('a date is needed, such as "2026-03-31", or one relative to today, such as {"days": -30}')


def _moment(raw: Any, now: datetime) -> datetime:
    if is_relative("datetime", raw):
        return _distant(raw, now)
    if isinstance(raw, str) and re.fullmatch(f"{_DATE}T{_TIME}", raw):
        try:
            at = datetime.fromisoformat(raw).astimezone(UTC)
        except (ValueError, OverflowError):
            raise WrongOperand("there is no such time") from None
        return at.replace(microsecond=at.microsecond // 1000 * 1000)  # as finely as times are stored
    raise WrongOperand(
        'a time is needed, such as "2026-03-31T09:30:00Z", or one relative to now, such as {"hours": -24}'
    )


def _distant(raw: Mapping[str, Any], now: datetime) -> datetime:
    ((unit, number),) = raw.items()
    most = MAX_DAYS * (24 if unit == "hours" else 1)
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) > most:
        raise WrongOperand(f"a whole number of {unit} is needed, {-most} to {most}")
    try:
        return now + timedelta(**{unit: number})
    except OverflowError:
        raise WrongOperand("there is no such time") from None


def _boolean(raw: Any, _: datetime) -> bool:
    return read_truth(raw)


_READERS: Final[Mapping[str, Reader]] = {
    "integer": _integer,
    "decimal": _decimal,
    "money": _decimal,
    "date": _date,
    "datetime": _moment,
    "boolean": _boolean,
}
"""Of the other kinds, whose values are texts, `_text`."""
