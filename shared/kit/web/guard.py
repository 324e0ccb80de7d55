"""Guard a repository with the rights of a caller: the one seam for rights per record (PERM).

`call.guard(repository)` has the same `get`, `change` and `add_numbered`; the check runs inside `change`, on the state
that is changed, so it cannot be raced. Reactions act for the system and take the repository itself.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, Protocol, TypeVar

from shared.kit.domain import Aggregate, Cause
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Records, Repository
from shared.kit.storage.repository_errors import Gone, VersionMismatch
from shared.kit.web.auth import Caller

A = TypeVar("A", bound=Aggregate)


class Access(Protocol):
    """The rights of one caller to single records."""

    def check(self, right: str, record: Aggregate) -> None:
        """Check a right, such as `read`, to the record as it is.

        Raises:
            NotFound: the caller may not even read it.
            NotAllowed: the caller may read it, but not do this.
        """
        ...

    def changing(self, right: str, record: Aggregate) -> AbstractContextManager[None]:
        """Check a right to the record as it is, and at the end of the context to the place where it was moved.

        Raises:
            NotFound, NotAllowed: see `check`.
        """
        ...

    def check_gone(self, noun: str, id_: str) -> None:
        """Check that the caller may know that a record of this type was deleted.

        Raises:
            NotFound: for the caller there never was one.
        """
        ...


class EveryRecord:
    """Access to every record: the permission for the route is all that it takes."""

    def check(self, right: str, record: Aggregate) -> None:
        """Allow it."""

    def changing(self, right: str, record: Aggregate) -> AbstractContextManager[None]:
        """Allow it."""
        del right, record
        return nullcontext()

    def check_gone(self, noun: str, id_: str) -> None:
        """Allow it."""


class Authority(Protocol):
    """What callers may do beside what their tokens say."""

    async def grants(self, caller: Caller, permission: str) -> bool:
        """Return whether a caller has a permission that the token does not give."""
        ...

    async def access(self, caller: Caller) -> Access:
        """Return the rights of a caller to single records."""
        ...

    async def mark(self, caller: Caller) -> str:
        """Mark the rights of a caller to single records: while they are the same, so is the mark."""
        ...


class TokensAlone:
    """Leave it at what tokens give."""

    async def grants(self, caller: Caller, permission: str) -> bool:
        """Grant nothing more."""
        del caller, permission
        return False

    async def access(self, caller: Caller) -> Access:
        """Allow every record."""
        del caller
        return EveryRecord()

    async def mark(self, caller: Caller) -> str:
        """Mark that every record is allowed."""
        del caller
        return ""


class Guarded(Generic[A]):
    """Records, accessed with the rights of one caller.

    Attributes:
        access: the rights of the caller.
        right: the right that a change needs.
    """

    def __init__(self, records: Records[A], access: Access, right: str = "update") -> None:
        self._records = records
        self.access = access
        self.right = right

    @property
    def noun(self) -> str:
        """Name of a record."""
        return self._records.noun

    async def get(self, id_: str) -> A:
        """Read a record.

        Raises:
            NotFound, Gone: no such record, or none that the caller may read.
        """
        try:
            record = await self._records.get(id_)
        except Gone:
            self.access.check_gone(self.noun, id_)
            raise
        self.access.check("read", record)
        return record

    async def written(self, id_: str) -> A:
        """Read a record after a write of this process that was waited for.

        Raises:
            NotFound, Gone: see `get`.
        """
        record = await self._records.written(id_)
        self.access.check("read", record)
        return record

    async def change(
        self, id_: str, action: Callable[[A], object], cause: Cause, *, expected_version: int | None = None
    ) -> A:
        """Change a record as `Repository.change` does.

        A cause that was applied before runs no action: then the record is checked as one that is read. So it is where
        the caller's copy is old: a caller who may not read it is not told its version.

        Raises:
            NotFound: no such record, or none that the caller may read.
            NotAllowed: the caller may not change it; nothing is written.
        """
        checked: A | None = None

        def check_and_act(record: A) -> None:
            nonlocal checked
            with self.access.changing(self.right, record):
                checked = record
                action(record)

        try:
            record = await self._records.change(id_, check_and_act, cause, expected_version=expected_version)
        except Gone:
            self.access.check_gone(self.noun, id_)
            raise
        except VersionMismatch:
            await self.get(id_)
            raise
        if record is not checked:
            self.access.check("read", record)
        return record


class GuardedStore(Guarded[A]):
    """Records that the caller may add to as well."""

    def __init__(self, records: Repository[A], access: Access, right: str = "update") -> None:
        super().__init__(records, access, right)
        self._store = records

    async def add_numbered(self, make: Callable[[int], A], cause: Cause, numbers: Numbers) -> A:
        """Insert a new record as `Repository.add_numbered` does.

        One that the same cause inserted before is checked as one that is read: much may have changed since.

        Raises:
            NotFound: it was inserted before, and the caller may not read it.
            NotAllowed: the caller may not add it; nothing is written.
        """
        new: A | None = None

        def checked(number: int) -> A:
            nonlocal new
            new = make(number)
            self.access.check("add", new)
            return new

        record = await self._store.add_numbered(checked, cause, numbers)
        if record is not new:
            self.access.check("read", record)
        return record
