"""Timers of an aggregate, kept in its own document: moments at which it acts by itself.

Pure. A timer is set, moved and cleared by the change that it follows from, so that what no longer applies cannot fire:
leaving a stage clears the timer of the stage in the same write.
"""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final
from zlib import crc32

from crm_contracts.values import Value
from pydantic import computed_field

from shared.kit.domain import Aggregate, Refused

MAX_TIMERS: Final = 50
SHARDS: Final = 16
"""Parts of a collection that replicas look at in different orders, so that they seldom wake the same aggregate."""


class Timer(Value):
    """One moment, and what its aggregate does then.

    Attributes:
        id: of the purpose, unique in its aggregate: setting it again moves the timer.
        at: UTC, milliseconds.
        kind: what it is for; a metric label.
        actor: for whom it acts, `user:<sub>` or `service:<sub>`, with `roles`.
        correlation_id: the same for everything that one request causes; None for a new one each time it fires.
    """

    id: str
    at: datetime
    kind: str
    actor: str
    data: Mapping[str, str] = {}
    correlation_id: str | None = None
    traceparent: str | None = None
    roles: tuple[str, ...] = ()


class TooManyTimers(Refused):
    """A record waits for at most 50 moments at a time."""

    code = "too_many_timers"


class HasTimers(Aggregate):
    """An aggregate that acts at moments of its own.

    `wake_at` and `wake_shard` are stored so that an index finds what is due.
    """

    TIMER_KINDS: ClassVar[tuple[str, ...]] = ()
    """What its timers may be for, so that a metric of each is there before the first fires."""

    timers: tuple[Timer, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def wake_at(self) -> datetime | None:
        """The earliest moment; None without any, and after a deletion."""
        return None if self.deleted_at else min((each.at for each in self.timers), default=None)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def wake_shard(self) -> int | None:
        """The part of the collection that it is found in, while it waits."""
        return None if self.wake_at is None else crc32(self.id.encode()) % SHARDS

    def wake(self, timer_id: str, due: datetime, *, at: datetime) -> Timer | None:
        """Do what a timer that is due is for, and return it; None where it was moved, cleared or has fired."""
        timer = next((each for each in self.timers if (each.id, each.at) == (timer_id, due)), None)
        if timer is not None and self.deleted_at is None:
            self._clear_timer(timer.id)
            self._fire(timer, at=at)
        return timer

    @abstractmethod
    def _fire(self, timer: Timer, *, at: datetime) -> None:
        """Do what the timer is for: it is no longer set, and may be set anew."""

    def _set_timer(self, timer: Timer) -> None:
        """Set a timer, or move the one of this id.

        Raises:
            TooManyTimers: there are 50 others.
        """
        others = tuple(each for each in self.timers if each.id != timer.id)
        if len(others) >= MAX_TIMERS:
            message = f"The {self.NOUN} has {MAX_TIMERS} timers already."
            raise TooManyTimers(message)
        # As it is stored, so that the timer that was read is found by its moment.
        at = timer.at.replace(microsecond=timer.at.microsecond // 1000 * 1000)
        self.timers = (*others, timer.model_copy(update={"at": at}))

    def _clear_timer(self, id_: str) -> None:
        """Clear the timer of this id, if it is set."""
        if any(each.id == id_ for each in self.timers):
            self.timers = tuple(each for each in self.timers if each.id != id_)
