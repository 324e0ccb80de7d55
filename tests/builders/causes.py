"""Causes, ids and moments, the same in every run."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from shared.kit.domain import Cause, derived_id

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANNA = "user:anna"


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def a_cause(key: str = "request:1", *, actor: str = ANNA, at: datetime = NOON) -> Cause:
    return Cause(key=key, actor=actor, at=at, correlation_id="chain-1")


def ids(prefix: str = "id") -> Callable[[], str]:
    """A source of ids: `id-1`, `id-2`, ..."""
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers)}"


def uuids(seed: str) -> Callable[[], str]:
    """A source of real ids, the same for the same seed."""
    numbers = count(1)
    return lambda: derived_id("tests", seed, next(numbers))
