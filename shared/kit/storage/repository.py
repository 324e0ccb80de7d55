"""The heart: an aggregate is one MongoDB document, and every change of it is one write.

State, events to publish (`outbox`) and the causes already applied (`inbox`) stand in the same document, so nothing is
ever half done: either a change is there with its events, or it never was. The surprise: `change` may run its action
several times, each on a freshly loaded aggregate, so the action must be synchronous and have no effect of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from crm_contracts.envelope import Envelope

from shared.kit.domain import MAX_EVENT_BYTES, Aggregate, Cause, Conflict, Invalid, NewId, NotFound, Unavailable
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import DuplicateKey
from shared.kit.storage.numbers import Numbers
from shared.kit.telemetry.metrics import CONFLICTS, WRITES_REFUSED

A = TypeVar("A", bound=Aggregate)
A_co = TypeVar("A_co", bound=Aggregate, covariant=True)


INBOX_SIZE = 100
"""Causes a document remembers. An optimisation: every reaction is also a no-op by state."""


ATTEMPTS = 6


BOOKKEEPING = frozenset({"id", "version", "sequence"})


class ConcurrentUpdate(Conflict):
    """The document changed under the action, several times over; the same change may succeed later."""

    code = "lost_race"
    title = "LostRace"


class VersionMismatch(Conflict):
    """The caller's copy is not the newest."""

    code = "version_mismatch"
    title = "Stale"


class Gone(NotFound):
    """It was there and has been deleted; its id is never used again."""

    code = "gone"


class IdTaken(Conflict):
    """Something else was created with this id."""

    code = "id_taken"


class EventTooLarge(Invalid):
    """The change would publish an event that Kafka refuses."""

    code = "event_too_large"


class BacklogFull(Unavailable):
    """Events wait for Kafka; no more can be taken in."""

    code = "event_backlog_full"


class Outbox(Protocol):
    """Whoever publishes what documents hold."""

    @property
    def is_full(self) -> bool:
        """Whether too many documents wait already."""
        ...

    def hint(self, collection: Collection, document: Document) -> None:
        """This document has something to publish, as seen after its write."""
        ...


@dataclass(frozen=True)
class Stored(Generic[A]):
    """An aggregate as it was loaded, with what its document remembers."""

    aggregate: A
    inbox: frozenset[str]
    outbox: Sequence[Document]
    created_by: str
    is_quarantined: bool = False


class Records(Protocol[A_co]):
    """What most use cases need of a repository, guarded or not: read one aggregate, change one."""

    @property
    def noun(self) -> str:
        """What an aggregate is called."""
        ...

    async def get(self, id_: str) -> A_co:
        """See `Repository.get`."""
        ...

    async def change(
        self, id_: str, action: Callable[[A_co], object], cause: Cause, *, expected_version: int | None = None
    ) -> A_co:
        """See `Repository.change`."""
        ...


class Repository(ABC, Generic[A]):
    """Load, change, save: the algorithm, over whatever keeps the documents."""

    def __init__(self, kind: type[A], *, source: str, new_id: NewId, outbox_cap: int = 200) -> None:
        self.kind = kind
        self._source = source
        self._new_id = new_id
        self._outbox_cap = outbox_cap
        self._conflicts = CONFLICTS.labels(self.noun)
        self._refused_writes = WRITES_REFUSED.labels(self.noun)

    @property
    def noun(self) -> str:
        """What an aggregate is called in messages, metric labels and counters."""
        return self.kind.NOUN

    async def find(self, id_: str) -> A | None:
        """The aggregate, or None where it is not there or has been deleted."""
        stored = await self._load(id_)
        return None if stored is None or stored.aggregate.deleted_at else stored.aggregate

    async def find_with_deleted(self, id_: str) -> A | None:
        """The aggregate, its tombstone where it has been deleted, or None where it never was there."""
        stored = await self._load(id_)
        return None if stored is None else stored.aggregate

    async def get(self, id_: str) -> A:
        """The aggregate.

        Raises:
            NotFound: no such id.
            Gone: deleted.
        """
        return self._present(id_, await self._load(id_)).aggregate

    async def add(self, aggregate: A, cause: Cause) -> A:
        """Insert a new aggregate; the same id with the same cause again is a success without effect.

        Raises:
            IdTaken: the id belongs to something that another cause created.
            DuplicateKey: another unique index refused it.
        """
        entries = self._entries(aggregate, cause, pending=0)
        if await self._insert(aggregate, cause.key, entries):
            aggregate.version = 1
            aggregate._recorded.clear()  # noqa: SLF001 - the repository is the aggregate's other half
            return aggregate
        stored = await self._load(aggregate.id)
        if stored is not None and stored.created_by == cause.key:
            return stored.aggregate
        message = f"The id {aggregate.id} is taken."
        raise IdTaken(message)

    async def add_numbered(self, make: Callable[[int], A], cause: Cause, numbers: Numbers) -> A:
        """Insert a new aggregate with a fresh serial number; a number that turns out to be used is replaced."""
        for _ in range(ATTEMPTS):
            aggregate = make(await numbers.next(self.noun))
            try:
                return await self.add(aggregate, cause)
            except DuplicateKey as error:
                if error.index != "number":
                    raise
        message = "No free serial number was found."
        raise ConcurrentUpdate(message)

    async def change(
        self, id_: str, action: Callable[[A], object], cause: Cause, *, expected_version: int | None = None
    ) -> A:
        """Apply a synchronous action to the aggregate and store what it did in one guarded write.

        A cause that was applied before changes nothing; an action that changes nothing writes nothing.

        Args:
            id_: the aggregate's.
            action: changes the aggregate and lets it record events; may run several times.
            cause: why; the same for repeats of the same thing.
            expected_version: the caller's copy (`If-Match`); None for any.

        Raises:
            NotFound, Gone: no such aggregate.
            VersionMismatch: `expected_version` is not the newest.
            ConcurrentUpdate: others were faster, several times over.
            BacklogFull: too many of its events wait for Kafka.
        """
        for _ in range(ATTEMPTS):
            stored = self._present(id_, await self._load(id_))
            aggregate = stored.aggregate
            if cause.key in stored.inbox:
                return aggregate
            if expected_version is not None and aggregate.version != expected_version:
                message = f"The {self.noun} has version {aggregate.version}, not {expected_version}."
                raise VersionMismatch(message)
            before = aggregate.model_dump()
            action(aggregate)
            after = aggregate.model_dump()
            if after == before and not aggregate.recorded:
                return aggregate
            entries = self._entries(aggregate, cause, pending=len(stored.outbox))
            if await self._write(stored, after, cause.key, entries):
                aggregate.version += 1
                aggregate._recorded.clear()  # noqa: SLF001
                return aggregate
            self._conflicts.inc()
        message = f"The {self.noun} {id_} is being changed by others."
        raise ConcurrentUpdate(message)

    def _present(self, id_: str, stored: Stored[A] | None) -> Stored[A]:
        if stored is None:
            message = f"There is no {self.noun} {id_}."
            raise NotFound(message)
        if stored.aggregate.deleted_at is not None:
            message = f"The {self.noun} {id_} has been deleted."
            raise Gone(message, stored.aggregate.gone_details)
        return stored

    def _entries(self, aggregate: A, cause: Cause, *, pending: int) -> list[Document]:
        """The recorded events, ready to be sent; raises the aggregate's `sequence` accordingly."""
        entries: list[Document] = []
        for event in aggregate.recorded:
            aggregate.sequence += 1
            envelope = Envelope(
                id=self._new_id(),
                source=self._source,
                subject=aggregate.id,
                time=cause.at,
                data=event,
                correlation_id=cause.correlation_id,
                actor=cause.actor,
                sequence=aggregate.sequence,
                causation_id=cause.causation_id,
                traceparent=cause.traceparent,
            )
            value = envelope.body()
            if len(value) > MAX_EVENT_BYTES:
                message = f"The change would publish {len(value)} bytes; {MAX_EVENT_BYTES} are allowed."
                raise EventTooLarge(message)
            entries.append({"id": envelope.id, "headers": envelope.headers(), "value": value})
        if entries and (pending + len(entries) > self._outbox_cap or self._is_backlog_full()):
            self._refused_writes.inc()
            message = "Too many events wait to be published; try again later."
            raise BacklogFull(message)
        return entries

    def _is_backlog_full(self) -> bool:
        return False

    @abstractmethod
    async def _load(self, id_: str) -> Stored[A] | None: ...

    @abstractmethod
    async def _insert(self, aggregate: A, cause: str, entries: list[Document]) -> bool:
        """Whether the id was free."""

    @abstractmethod
    async def _write(self, loaded: Stored[A], state: Document, cause: str, entries: list[Document]) -> bool:
        """Whether the document was still as it was loaded; then it has the new state."""
