"""Guard a repository with the rights of a caller: the one seam for rights per record (PERM).

`call.guard(repository)` has the same `get` and `change`; the check runs inside `change`, on the state that is changed,
so it cannot be raced. Reactions act for the system and take the repository itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shared.kit.domain import Aggregate, Cause
from shared.kit.storage.repository import Records
from shared.kit.web.auth import Caller, check_permission

A = TypeVar("A", bound=Aggregate)


class Access(Protocol):
    """The rights of one caller to single records."""

    def check_read(self, record: Aggregate) -> None:
        """Check that the caller may read the record, or raise Forbidden."""
        ...

    def check_change(self, record: Aggregate) -> None:
        """Check that the caller may change the record in its current state, or raise Forbidden."""
        ...


@dataclass(frozen=True, slots=True)
class ScopeAccess:
    """Access to every record for a caller with the route's permission, until there are rights per record (PERM)."""

    caller: Caller
    permission: str

    def check_read(self, record: Aggregate) -> None:
        """Check that the caller has the route's permission, or raise Forbidden."""
        del record
        check_permission(self.caller, self.permission)

    def check_change(self, record: Aggregate) -> None:
        """Check that the caller has the route's permission, or raise Forbidden."""
        del record
        check_permission(self.caller, self.permission)


class Guarded(Generic[A]):
    """Records, accessed with the rights of one caller."""

    def __init__(self, records: Records[A], access: Access) -> None:
        self._records = records
        self._access = access

    @property
    def noun(self) -> str:
        """Name of a record."""
        return self._records.noun

    async def get(self, id_: str) -> A:
        """Read a record.

        Raises:
            NotFound, Gone: no such record.
            Forbidden: the caller may not read it.
        """
        record = await self._records.get(id_)
        self._access.check_read(record)
        return record

    async def written(self, id_: str) -> A:
        """Read a record after a write of this process that was waited for.

        Raises:
            NotFound, Gone, Forbidden: see `get`.
        """
        record = await self._records.written(id_)
        self._access.check_read(record)
        return record

    async def change(
        self, id_: str, action: Callable[[A], object], cause: Cause, *, expected_version: int | None = None
    ) -> A:
        """Change a record as `Repository.change` does.

        A cause that was applied before runs no action: then the record is checked as one that is read.

        Raises:
            Forbidden: the caller may not change it, or not read what a repeat finds; nothing is written.
        """
        checked: A | None = None

        def check_and_act(record: A) -> None:
            nonlocal checked
            self._access.check_change(record)
            checked = record
            action(record)

        record = await self._records.change(id_, check_and_act, cause, expected_version=expected_version)
        if record is not checked:
            self._access.check_read(record)
        return record
