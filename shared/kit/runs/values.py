"""States of runs, what becomes of a record, and which records come next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

State = Literal["waiting", "running", "paused", "done", "cancelled"]
Status = Literal["ok", "denied", "not_found", "refused"]

STATUSES: Final[tuple[Status, ...]] = ("ok", "denied", "not_found", "refused")


@dataclass(frozen=True, slots=True)
class Found:
    """Records that come next in a run.

    Attributes:
        ids: of the records; there may be none though more follow.
        next: the place behind them; None where nothing is left.
    """

    ids: Sequence[str]
    next: str | None
