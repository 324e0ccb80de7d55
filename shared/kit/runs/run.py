"""One change of many records: what it does to which of them, how far it is, and how it ended for how many.

Pure. A run goes on chunk by chunk. What a chunk changes is stored before it is changed, so that a replica which goes
on after another one died handles the very same records, each with the same cause: what was changed is not changed
again. A chunk that was begun is ended, also of a run that was paused or cancelled meanwhile, so the counts are exact.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import computed_field

from shared.kit.domain import Refused
from shared.kit.leases.leased import HasLease, HeldByAnother
from shared.kit.runs.values import STATUSES, Found, Seen, State


class RunEnded(Refused):
    """The run is done or was cancelled; it cannot go on."""

    code = "run_ended"
    advice = "Start another run for what is left."


class Run(HasLease):
    """A change of many records.

    Attributes:
        action: what is done to each record, by a name; `parameters` is the rest of it, in JSON.
        records: the type of record that is changed.
        ids: of the records; None where `selection` says which.
        selection: what a record has to be, in JSON.
        undoes: the run whose changes are undone; its outcomes say of which records, where `ids` does not.
        is_rehearsal: whether nothing is written.
        actor: for whom it acts, with the roles that the token named.
        is_restricted: whether roles restricted the actor when the run was started.
        total: number of the records, where that is known.
        place: where the next chunk is looked for; None at the beginning.
        chunk: ids of the records in hand.
        seen: those of them that there are, as they were before they were taken in hand.
        counts: number of records by status.
    """

    NOUN: ClassVar[str] = "run"

    action: str
    records: str
    parameters: str
    ids: tuple[str, ...] | None = None
    selection: str | None = None
    undoes: str | None = None
    is_rehearsal: bool = False
    actor: str
    roles: tuple[str, ...] = ()
    is_restricted: bool = False
    correlation_id: str
    traceparent: str | None = None
    created_at: datetime
    state: State = "waiting"
    total: int | None = None
    place: str | None = None
    is_all_found: bool = False
    chunk: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = ()
    counts: Mapping[str, int] = dict.fromkeys(STATUSES, 0)
    reason: str | None = None
    ended_at: datetime | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether it goes on by itself, or has records in hand."""
        return self.state in {"waiting", "running"} or bool(self.chunk)

    @computed_field  # type: ignore[prop-decorator] # stored, so that replicas find it
    @property
    def is_open(self) -> bool:
        """Whether a replica should work at it."""
        return self.is_at_work

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in {"done", "cancelled"} and not self.chunk

    def given_after(self, place: str | None, number: int) -> Found:
        """Return the next of the given ids, so many."""
        ids, first = self.ids or (), int(place or 0)
        after = first + number
        return Found(ids[first:after], str(after) if after < len(ids) else None)

    def take_all(self, seen: Sequence[Seen]) -> None:
        """Take all given records in hand at once, as they were seen: there are few."""
        self.chunk, self.seen, self.is_all_found = self.ids or (), tuple(seen), True

    def seen_as(self, id_: str) -> Seen | None:
        """Return a record in hand as it was seen; None where there was none."""
        return next((each for each in self.seen if each.id == id_), None)

    def begin_chunk(self, before: "Run", found: Found | None, seen: Sequence[Seen], *, at: datetime) -> None:
        """Take the next records in hand, as they were seen, or those again that another replica left there (None).

        A run is done where there are none, and none follow.

        Raises:
            HeldByAnother: it has gone on since it was as `before`.
        """
        if (self.chunk, self.place) != (before.chunk, before.place):
            raise HeldByAnother("Another replica has gone on with the run.")
        if self.state == "waiting":
            self.state = "running"
        if found is not None:
            self.chunk, self.place, self.is_all_found = tuple(found.ids), found.next, found.next is None
            self.seen = tuple(seen)
            self._end_where_done(at)

    def end_chunk(self, statuses: Mapping[str, int], *, at: datetime) -> None:
        """Count what became of the records in hand, and let any replica go on."""
        self.counts = {status: self.counts[status] + statuses.get(status, 0) for status in STATUSES}
        self.chunk = self.seen = ()
        self.holder = self.held_until = None
        self._end_where_done(at)

    def pause(self) -> None:
        """Go on no more until it is resumed; records in hand are changed yet, and if they are the last it is done.

        Raises:
            RunEnded: it has ended.
        """
        self._check_not_ended()
        self.state = "paused"

    def stop(self, reason: str) -> None:
        """Pause it, because it cannot go on."""
        self.holder = self.held_until = None
        if self.state in {"waiting", "running"}:
            self.state, self.reason = "paused", reason

    def resume(self) -> None:
        """Go on.

        Raises:
            RunEnded: it has ended.
        """
        self._check_not_ended()
        if self.state == "paused":
            self.state, self.reason = "waiting", None

    def cancel(self, *, at: datetime) -> None:
        """Go on never again; records in hand are changed yet, and what was changed stays as it is.

        Raises:
            RunEnded: it is done.
        """
        if self.state == "cancelled":
            return
        self._check_not_ended()
        self.state, self.ended_at = "cancelled", at

    def _check_not_ended(self) -> None:
        if self.state in {"done", "cancelled"}:
            raise RunEnded(f"The run is {self.state}.")

    def _end_where_done(self, at: datetime) -> None:
        if self.state != "cancelled" and self.is_all_found and not self.chunk:
            self.state, self.ended_at = "done", at
            self.holder = self.held_until = None
