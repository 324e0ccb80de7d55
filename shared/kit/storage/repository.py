"""Keep each aggregate in one document, and change it in one write.

State, events to publish (`outbox`) and the causes already applied (`inbox`) are in the same document, so a change and
its events are stored together or not at all.

Note:
    `change` may run its action several times, each on a freshly loaded aggregate, so the action must be synchronous and
    without side effects. It sets fields anew and changes no value in place: what it did not set is not written.

    Its first run may be on the aggregate as this process wrote it last. The guarded write then confirms that there was
    no other write since; where it does not, or nothing is to be written, or the action fails, a freshly loaded one
    decides.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

from shared.kit.domain import Aggregate, Cause, DomainError, NewId, NotFound
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import DuplicateKey
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.outbox_entries import make_entries
from shared.kit.storage.repository_errors import BacklogFull, ConcurrentUpdate, Gone, IdTaken, VersionMismatch
from shared.kit.storage.stored import A, LastWritten, Stored
from shared.kit.telemetry.metrics import CONFLICTS, WRITES_REFUSED

A_co = TypeVar("A_co", bound=Aggregate, covariant=True)

ANY_VERSION: Final = -1
"""The version of `If-Match: *`: any, but the record has to exist."""

ATTEMPTS = 6

BOOKKEEPING = frozenset({"id", "version", "sequence"})


def refuse_new(noun: str, expected_version: int | None) -> None:
    """Refuse to create a record of which the caller has seen a version (`If-Match`).

    Raises:
        VersionMismatch: there is an `expected_version`.
    """
    if expected_version is not None:
        message = f"There is no such {noun}, of any version."
        raise VersionMismatch(message)


class Records(Protocol[A_co]):
    """What most use cases need of a repository, guarded or not: read one aggregate, change one."""

    @property
    def noun(self) -> str:
        """Name of an aggregate."""
        ...

    async def get(self, id_: str) -> A_co:
        """Load one aggregate: see `Repository.get`."""
        ...

    async def written(self, id_: str) -> A_co:
        """Return one aggregate after a write of this process: see `Repository.written`."""
        ...

    async def change(
        self, id_: str, action: Callable[[A_co], object], cause: Cause, *, expected_version: int | None = None
    ) -> A_co:
        """Change one aggregate: see `Repository.change`."""
        ...


class NewRecords(Protocol[A]):
    """What use cases need that create aggregates, guarded or not."""

    @property
    def noun(self) -> str:
        """Name of an aggregate."""
        ...

    async def add_numbered(self, make: Callable[[int], A], cause: Cause, numbers: Numbers) -> A:
        """Insert a new aggregate: see `Repository.add_numbered`."""
        ...


class Repository(ABC, Generic[A]):
    """Loads, changes and stores aggregates; subclasses keep the documents."""

    def __init__(self, kind: type[A], *, source: str, new_id: NewId, outbox_cap: int = 200) -> None:
        self.kind = kind
        self._source = source
        self._new_id = new_id
        self._outbox_cap = outbox_cap
        self._last_written: LastWritten[A] = LastWritten()
        self._conflicts = CONFLICTS.labels(self.noun)
        self._refused_writes = WRITES_REFUSED.labels(self.noun)

    @property
    def noun(self) -> str:
        """Name of an aggregate in messages, metric labels and counters."""
        return self.kind.NOUN

    async def find(self, id_: str) -> A | None:
        """Load an aggregate; None where it does not exist or was deleted."""
        stored = await self._load(id_)
        return None if stored is None or stored.aggregate.deleted_at else stored.aggregate

    async def find_with_deleted(self, id_: str) -> A | None:
        """Load an aggregate or its tombstone; None where it never existed."""
        stored = await self._load(id_)
        return None if stored is None else stored.aggregate

    async def changed_by(self, id_: str, cause: Cause) -> A | None:
        """Load an aggregate, or its tombstone, that remembers this cause; None where it does not."""
        stored = await self._load(id_)
        return stored.aggregate if stored is not None and stored.has_applied(cause) else None

    async def get(self, id_: str) -> A:
        """Load an aggregate.

        Raises:
            NotFound: no such id.
            Gone: deleted.
        """
        return self._present(id_, await self._load(id_)).aggregate

    async def written(self, id_: str) -> A:
        """Return an aggregate as this process wrote it last, else load it: for what has waited for that write.

        Raises:
            NotFound, Gone: see `get`.
        """
        return self._last_written.find(id_) or await self.get(id_)

    async def add(self, aggregate: A, cause: Cause) -> A:
        """Insert a new aggregate; the same id with the same cause again is a success without effect.

        Raises:
            IdTaken: another cause created an aggregate with this id.
            DuplicateKey: another unique index refused it.
        """
        entries = self._entries(aggregate, cause, pending=0)
        if await self._insert(aggregate, cause.key, entries):
            aggregate.version = 1
            aggregate._recorded.clear()  # noqa: SLF001 - the repository stores what the aggregate recorded
            self._last_written.remember(Stored(aggregate, frozenset({cause.key}), entries, cause.key))
            return aggregate
        stored = await self._load(aggregate.id)
        if stored is not None and stored.created_by == cause.key:
            return stored.aggregate
        message = f"The id {aggregate.id} is taken."
        raise IdTaken(message)

    async def add_numbered(self, make: Callable[[int], A], cause: Cause, numbers: Numbers) -> A:
        """Insert a new aggregate with a new serial number, replacing numbers that turn out to be used."""
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
        """Apply a synchronous action to the aggregate and store its result in one guarded write.

        A cause that was applied before changes nothing; an action that changes nothing writes nothing.

        Args:
            id_: the aggregate's.
            action: changes the aggregate and lets it record events; may run several times.
            cause: the same for each repeat of the change.
            expected_version: the caller's copy (`If-Match`), or `ANY_VERSION`; None where it is not conditional.

        Raises:
            NotFound, Gone: no such aggregate.
            VersionMismatch: `expected_version` is not the newest.
            ConcurrentUpdate: others changed it during each attempt.
            BacklogFull: too many of its events are pending.
        """
        last = self._last_written.take(id_)
        if last is not None and await self._change_unread(last, action, cause, expected_version):
            return last.aggregate
        for _ in range(ATTEMPTS):
            stored = self._present(id_, await self._load(id_))
            aggregate = stored.aggregate
            if stored.has_applied(cause):
                return aggregate
            if expected_version not in {None, ANY_VERSION, aggregate.version}:
                message = f"The {self.noun} has version {aggregate.version}, not {expected_version}."
                raise VersionMismatch(message)
            changed = _applied(action, aggregate)
            if changed is None or await self._store(stored, changed, cause):
                return aggregate
            self._conflicts.inc()
        message = f"The {self.noun} {id_} is being changed by others."
        raise ConcurrentUpdate(message)

    async def _change_unread(
        self, last: Stored[A], action: Callable[[A], object], cause: Cause, expected_version: int | None
    ) -> bool:
        """Change an aggregate as this process wrote it last; False where what is stored has to decide."""
        is_seen = expected_version in {None, ANY_VERSION, last.aggregate.version}
        if last.has_applied(cause) or not is_seen or self._is_backlog_full():
            return False
        try:
            changed = _applied(action, last.aggregate)
        except Exception:  # noqa: BLE001 - it may fail for what others have changed since
            return False
        try:
            return changed is not None and await self._store(last, changed, cause)
        except DomainError:  # it counts events that are published by now, or is about what others have changed since
            return False

    async def _store(self, stored: Stored[A], changed: Document, cause: Cause) -> bool:
        """Store a change and its events; False where the document is no longer as it was."""
        aggregate = stored.aggregate
        if changed.get("deleted_at", cause.at) != cause.at:
            message = f"The {self.noun} {aggregate.id} is deleted at another moment than its event tells."
            raise ValueError(message)
        entries = self._entries(aggregate, cause, pending=len(stored.outbox))
        if not await self._write(stored, changed, cause, entries):
            return False
        aggregate.version += 1
        aggregate._recorded.clear()  # noqa: SLF001
        self._last_written.remember(stored.after(cause, entries))
        return True

    def _present(self, id_: str, stored: Stored[A] | None) -> Stored[A]:
        if stored is None:
            message = f"There is no {self.noun} {id_}."
            raise NotFound(message)
        if stored.aggregate.deleted_at is not None:
            message = f"The {self.noun} {id_} has been deleted."
            raise Gone(message, stored.aggregate.gone_details)
        return stored

    def _entries(self, aggregate: A, cause: Cause, *, pending: int) -> list[Document]:
        """Make the outbox entries of the recorded events, unless too many are pending."""
        entries = make_entries(aggregate, cause, source=self._source, new_id=self._new_id)
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
        """Insert the document; False where the id is taken."""

    @abstractmethod
    async def _write(self, loaded: Stored[A], changed: Document, cause: Cause, entries: list[Document]) -> bool:
        """Write the changed fields; False where the document is no longer as it was loaded."""


def _applied(action: Callable[[A], object], aggregate: A) -> Document | None:
    """Apply the action and return the changed fields; None where it neither changed anything nor recorded an event."""
    before = dict(aggregate)
    action(aggregate)
    changed = _changed(aggregate, before)
    return changed if changed or aggregate.recorded else None


def _changed(aggregate: Aggregate, before: Mapping[str, Any]) -> Document:
    """Return the fields that differ, with everything that is computed of fields: it is stored, and found by queries.

    A field that was set to an equal value, such as 1.0 to 1.00, is not written: it stays as it is stored.
    """
    touched = [name for name, value in aggregate if value is not before[name]]
    names = {name for name in touched if getattr(aggregate, name) != before[name]}
    for name in touched:
        if name not in names:
            setattr(aggregate, name, before[name])
    if not names:
        return {}
    return aggregate.model_dump(include={*(names - BOOKKEEPING), *type(aggregate).model_computed_fields})
