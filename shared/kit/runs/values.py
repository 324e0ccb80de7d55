"""States of runs, what becomes of a record, which records come next, and as what these were found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

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


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as it was before a run changed it.

    Attributes:
        id: of the record.
        fields: those that runs change.
    """

    id: str
    version: int
    fields: Mapping[str, Any]
