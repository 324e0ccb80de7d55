"""Set the clock of a process ahead by `CRM_TESTS_AHEAD_S`: a plugin of pytest, loaded with `-p` before anything else.

Only good for collecting tests: `datetime` is put in place of the real class, which drivers in C do not know.
"""

import datetime as dt
import os
import time
from datetime import date, datetime

AHEAD_S = int(os.environ.get("CRM_TESTS_AHEAD_S", "0"))
AHEAD = dt.timedelta(seconds=AHEAD_S)


class LikeReal(type):
    """What C code makes is of the real class, and must pass for one of ours."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


class LaterDate(date, metaclass=LikeReal):
    @classmethod
    def today(cls) -> date:  # type: ignore[override]
        return (datetime.now().astimezone() + AHEAD).date()


class LaterDatetime(datetime, metaclass=LikeReal):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + AHEAD

    @classmethod
    def utcnow(cls) -> datetime:  # type: ignore[override]
        return datetime.now(dt.UTC).replace(tzinfo=None) + AHEAD

    @classmethod
    def today(cls) -> datetime:  # type: ignore[override]
        return cls.now()


def set_ahead() -> None:
    real_time, real_time_ns = time.time, time.time_ns
    dt.date, dt.datetime = LaterDate, LaterDatetime  # type: ignore[misc]
    time.time = lambda: real_time() + AHEAD_S
    time.time_ns = lambda: real_time_ns() + AHEAD_S * 10**9


if AHEAD_S:
    set_ahead()
