"""An aggregate as it is stored, and the aggregates that this process stored last."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final, Generic, TypeVar

from shared.kit.domain import Aggregate, Cause
from shared.kit.storage.documents import Document
from shared.kit.storage.inbox import INBOX_SIZE, keyed_after

A = TypeVar("A", bound=Aggregate)

REMEMBERED: Final = 500
"""Aggregates of one type that a process remembers at most."""

REMEMBERED_S: Final = 5.0
"""How long it does: the steps of a process follow each other within that, and other replicas write meanwhile."""

MOST_PENDING: Final = 20
"""Events of one aggregate that it remembers at most: most are published by now, and each write hints all of them."""

MOST_PENDING_BYTES: Final = 64 * 1024
"""Bytes of these events: that many aggregates of each type stay in memory."""


@dataclass(frozen=True)
class Stored(Generic[A]):
    """A loaded aggregate, with the bookkeeping of its document."""

    aggregate: A
    inbox: frozenset[str]
    outbox: Sequence[Document]
    created_by: str
    is_quarantined: bool = False
    keyed: Sequence[Document] = ()

    def has_applied(self, cause: Cause) -> bool:
        """Return whether the document remembers the cause."""
        return cause.key in self.inbox or any(entry["cause"] == cause.key for entry in self.keyed)

    def after(self, cause: Cause, entries: Sequence[Document]) -> "Stored[A]":
        """Return it as its own write left it, with events that the relay may have taken out meanwhile."""
        return replace(
            self,
            inbox=self.inbox | {cause.key},
            outbox=(*self.outbox, *entries),
            keyed=keyed_after(self.keyed, cause) if cause.has_key else self.keyed,
        )

    @property
    def has_grown(self) -> bool:
        """Whether its bookkeeping is so large that most of it has left the document by now."""
        size = sum(len(entry["value"]) for entry in self.outbox)
        return len(self.outbox) > MOST_PENDING or size > MOST_PENDING_BYTES or len(self.inbox) > 2 * INBOX_SIZE


class LastWritten(Generic[A]):
    """Aggregates as this process wrote them last, so that the next step of a process need not read them.

    Others may have written since. So a change may start from here only if its guarded write is what confirms it, and
    whatever else it comes to is judged again on what is stored.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._stored: OrderedDict[str, tuple[float, Stored[A]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._stored)

    def remember(self, stored: Stored[A]) -> None:
        """Remember an aggregate that was just written, unless it was deleted or its bookkeeping has grown.

        One in quarantine is read anew, too: it may be released at any time, and then its events are hinted again.
        """
        id_ = stored.aggregate.id
        _, known = self._stored.pop(id_, (0.0, None))
        if known is not None and known.aggregate.version > stored.aggregate.version:
            stored = known  # acknowledged before, though it was written later
        if stored.aggregate.deleted_at is not None or stored.is_quarantined or stored.has_grown:
            return
        now = self._clock()
        self._stored[id_] = (now + REMEMBERED_S, replace(stored, aggregate=_copy(stored.aggregate)))
        while len(self._stored) > REMEMBERED or next(iter(self._stored.values()))[0] <= now:
            self._stored.popitem(last=False)

    def take(self, id_: str) -> Stored[A] | None:
        """Take an aggregate out, for the one change that starts from it."""
        until, stored = self._stored.pop(id_, (0.0, None))
        return stored if self._clock() < until else None

    def find(self, id_: str) -> A | None:
        """Return a copy of an aggregate as this process wrote it last, if it still remembers that."""
        until, stored = self._stored.get(id_, (0.0, None))
        return _copy(stored.aggregate) if stored is not None and self._clock() < until else None


def _copy(aggregate: A) -> A:
    """Copy an aggregate; its values are shared, since a change sets fields anew and changes no value in place."""
    copy = aggregate.model_copy()
    copy._recorded = []  # noqa: SLF001 - what its original recorded is stored
    return copy
