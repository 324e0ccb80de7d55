"""One rebuild of the projection: its progress, the replica that works at it, and what the comparison found (TL-11).

It is an aggregate because several replicas and the operator change it concurrently. A replica holds it under a lease.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final, Literal, Self

from crm_contracts.values import Value

from shared.kit.domain import Conflict, Refused
from shared.kit.leases.leased import HasLease

State = Literal[
    "building", "catching_up", "comparing", "differs", "switching", "switched", "failed", "cancelled"
]  # fmt: skip
Kind = Literal["missing", "extra", "different"]

AT_WORK: Final[tuple[State, ...]] = ("building", "catching_up", "comparing", "switching")
MAX_EXAMPLES: Final = 10


class RebuildRunning(Conflict):
    """There is one rebuild at a time; `rebuild_id` names it."""

    code = "rebuild_running"

    @classmethod
    def by(cls, id_: str | None) -> Self:
        """Make the error that names the rebuild, if it has not ended meanwhile."""
        return cls("Another rebuild is not over.", {} if id_ is None else {"rebuild_id": id_})


class NothingToAccept(Refused):
    """No difference waits for a decision."""

    code = "nothing_to_accept"


class TooLateToCancel(Refused):
    """The rebuilt projection is live, or about to be."""

    code = "too_late_to_cancel"


class Place(Value):
    """Progress in one partition, as offsets; `end` is fixed when the rebuild begins."""

    topic: str
    partition: int
    start: int
    next: int
    end: int


class Difference(Value):
    """One document that differs between the live and the new version.

    `missing`: only the live one has it. `extra`: only the new one has it. `fields` lists what differs otherwise.
    """

    collection: Literal["entries", "marks"]
    id: str
    kind: Kind
    fields: tuple[str, ...] = ()


class Comparison(Value):
    """Result of the comparison; `examples` are the first `MAX_EXAMPLES` differences."""

    entries: int = 0
    marks: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    examples: tuple[Difference, ...] = ()

    @property
    def differences(self) -> int:
        return self.missing + self.extra + self.different


class Rebuild(HasLease):
    """A rebuild; `generation` is the number of the version it builds, `open` is true until it has ended."""

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
    """Events that cannot be projected."""
    comparison: Comparison | None = None
    accepted_by: str | None = None
    reason: str | None = None
    ended_at: datetime | None = None
    leftover: int | None = None
    """The version to be dropped some time after the end."""

    @property
    def is_at_work(self) -> bool:
        """Whether it goes on by itself: it has not ended, and waits for no decision."""
        return self.state in AT_WORK

    @property
    def read(self) -> int:
        """Records read so far."""
        return sum(place.next - place.start for place in self.places)

    @property
    def total(self) -> int:
        """Records to be read."""
        return sum(place.end - place.start for place in self.places)

    def plan(self, starts: Mapping[tuple[str, int], int], ends: Mapping[tuple[str, int], int]) -> None:
        """Fix the offsets to read from and to."""
        self.places = tuple(
            Place(topic=topic, partition=number, start=start, next=start, end=ends[topic, number])
            for (topic, number), start in sorted(starts.items())
        )

    def advance(
        self, reached: Mapping[tuple[str, int], int], *, unreadable: int = 0, unknown: int = 0, untold: int = 0
    ) -> None:
        """Record that everything up to these offsets is projected, and count what could not be."""
        self.places = tuple(
            place.model_copy(update={"next": max(place.next, reached.get((place.topic, place.partition), 0))})
            for place in self.places
        )
        self.unreadable += unreadable
        self.unknown += unknown
        self.untold += untold

    def enter(self, state: Literal["catching_up", "comparing"]) -> None:
        """Begin the next step."""
        self.state = state

    def decide(self, comparison: Comparison) -> None:
        """Switch if nothing differs, otherwise wait for the operator's decision."""
        self.comparison = comparison
        self.state = "differs" if comparison.differences else "switching"

    def accept(self, actor: str) -> None:
        """Switch in spite of the differences.

        Raises:
            NothingToAccept: nothing differs, or not yet, or the rebuild has ended.
        """
        if self.accepted_by is not None:
            return
        if self.state != "differs":
            raise NothingToAccept(f"The rebuild is {self.state}.")
        self.state, self.accepted_by = "switching", actor

    def complete(self, *, replaced: int, now: datetime) -> None:
        """End the rebuild after its version became the live one."""
        self._end("switched", leftover=replaced, now=now)

    def fail(self, reason: str, *, now: datetime) -> None:
        """End a rebuild that can never succeed."""
        self.reason = reason
        self._end("failed", leftover=self.generation, now=now)

    def cancel(self, *, now: datetime) -> None:
        """End the rebuild without switching; one that has ended stays as it is.

        Raises:
            TooLateToCancel: it switched, or is about to.
        """
        if self.state in ("switching", "switched"):
            raise TooLateToCancel(f"The rebuild is {self.state}.")
        if self.open:
            self._end("cancelled", leftover=self.generation, now=now)

    def clear_leftover(self) -> None:
        """Record that the version left behind is dropped."""
        self.leftover = None

    def _end(self, state: State, *, leftover: int, now: datetime) -> None:
        self.state, self.open, self.ended_at, self.leftover = state, False, now, leftover
        self.holder = self.held_until = None
