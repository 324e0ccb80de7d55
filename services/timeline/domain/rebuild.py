"""One rebuild of the projection: how far it is, who works at it, and what it found (TL-11).

The surprise: it is told of no event. It is an aggregate because several replicas, and the operator, change it at the
same time: whoever works at it holds it for some seconds at a time, and whoever has lost it finds out at the next
change. Times are those of the database, which all replicas share.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal

from crm_contracts.values import Value

from shared.kit.domain import Aggregate, Conflict, Refused

State = Literal[
    "building", "catching_up", "comparing", "differs", "switching", "switched", "failed", "cancelled"
]  # fmt: skip
Kind = Literal["missing", "extra", "different"]

AT_WORK: Final[tuple[State, ...]] = ("building", "catching_up", "comparing", "switching")
MAX_EXAMPLES: Final = 10


class RebuildRunning(Conflict):
    """There is one rebuild at a time; `rebuild_id` names it."""

    code = "rebuild_running"


class NothingToAccept(Refused):
    """No difference waits for a decision."""

    code = "nothing_to_accept"


class TooLateToCancel(Refused):
    """The rebuilt projection is live, or about to be."""

    code = "too_late_to_cancel"


class HeldByAnother(Conflict):
    """Another replica works at the rebuild, or nobody shall any more."""

    code = "held_by_another"


class Place(Value):
    """How far one partition was read, as offsets; `end` is fixed when the rebuild begins."""

    topic: str
    partition: int
    start: int
    next: int
    end: int


class Difference(Value):
    """One document that the two generations do not have in common.

    `missing`: only the live one has it. `extra`: only the new one has it. `fields` tells what differs otherwise.
    """

    collection: Literal["entries", "marks"]
    id: str
    kind: Kind
    fields: tuple[str, ...] = ()


class Comparison(Value):
    """What the comparison found; `examples` are the first `MAX_EXAMPLES` differences."""

    entries: int = 0
    marks: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    examples: tuple[Difference, ...] = ()

    @property
    def differences(self) -> int:
        return self.missing + self.extra + self.different


class Rebuild(Aggregate):
    """The whole of it; `open` until nothing can come of it any more."""

    NOUN: ClassVar[str] = "rebuild"

    generation: int
    requested_by: str
    requested_at: datetime
    state: State = "building"
    open: bool = True
    places: tuple[Place, ...] = ()
    unreadable: int = 0
    unknown: int = 0
    untold: int = 0
    comparison: Comparison | None = None
    accepted_by: str | None = None
    reason: str | None = None
    ended_at: datetime | None = None
    leftover: int | None = None
    """The generation to be dropped some time after the end."""
    holder: str | None = None
    held_until: datetime | None = None

    @property
    def read(self) -> int:
        """Records read so far."""
        return sum(place.next - place.start for place in self.places)

    @property
    def total(self) -> int:
        """Records to be read."""
        return sum(place.end - place.start for place in self.places)

    def hold(self, holder: str, *, now: datetime, seconds: float) -> None:
        """Work at it for so long, unless somebody else does.

        Raises:
            HeldByAnother: somebody else does, or there is nothing to work at.
        """
        is_free = self.holder in (None, holder) or self.held_until is None or self.held_until < now
        if self.state not in AT_WORK or not is_free:
            raise HeldByAnother(f"The rebuild is {self.state} and held by {self.holder}.")
        self.holder, self.held_until = holder, now + timedelta(seconds=seconds)

    def let_go(self, holder: str) -> None:
        """Let another replica go on at once."""
        if self.holder == holder:
            self.holder = self.held_until = None

    def plan(self, starts: Mapping[tuple[str, int], int], ends: Mapping[tuple[str, int], int]) -> None:
        """Fix how far to read."""
        self.places = tuple(
            Place(topic=topic, partition=number, start=start, next=start, end=ends[topic, number])
            for (topic, number), start in sorted(starts.items())
        )

    def advance(
        self, reached: Mapping[tuple[str, int], int], *, unreadable: int = 0, unknown: int = 0, untold: int = 0
    ) -> None:
        """So far everything has been told, apart from what could not be."""
        self.places = tuple(
            place.model_copy(update={"next": max(place.next, reached.get((place.topic, place.partition), 0))})
            for place in self.places
        )
        self.unreadable += unreadable
        self.unknown += unknown
        self.untold += untold

    def go_on(self, state: Literal["catching_up", "comparing"]) -> None:
        """The next step begins."""
        self.state = state

    def judge(self, found: Comparison) -> None:
        """Switch if nothing differs, otherwise let the operator decide."""
        self.comparison = found
        self.state = "differs" if found.differences else "switching"

    def accept(self, actor: str) -> None:
        """Switch although it differs.

        Raises:
            NothingToAccept: nothing differs, or not yet, or it is over.
        """
        if self.accepted_by is not None:
            return
        if self.state != "differs":
            raise NothingToAccept(f"The rebuild is {self.state}.")
        self.state, self.accepted_by = "switching", actor

    def switched(self, *, replaced: int, now: datetime) -> None:
        """The new generation is live."""
        self._end("switched", leftover=replaced, now=now)

    def fail(self, reason: str, *, now: datetime) -> None:
        """It can never succeed."""
        self.reason = reason
        self._end("failed", leftover=self.generation, now=now)

    def cancel(self, *, now: datetime) -> None:
        """Give it up; what is over already stays as it ended.

        Raises:
            TooLateToCancel: it switched, or is about to.
        """
        if self.state in ("switching", "switched"):
            raise TooLateToCancel(f"The rebuild is {self.state}.")
        if self.open:
            self._end("cancelled", leftover=self.generation, now=now)

    def swept(self) -> None:
        """The generation that nobody needs any more is dropped."""
        self.leftover = None

    def _end(self, state: State, *, leftover: int, now: datetime) -> None:
        self.state, self.open, self.ended_at, self.leftover = state, False, now, leftover
        self.holder = self.held_until = None
