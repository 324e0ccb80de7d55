"""Guard a repository with what the caller may do: the one seam for rights per record (PERM).

`call.guard(repository)` has the same `get` and `change`; the check runs inside `change`, on the very state that is
changed, so no race can slip past it. Reactions act for the system and take the repository itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shared.kit.domain import Aggregate, Cause
from shared.kit.storage.repository import Records
from shared.kit.web.auth import Caller, check_permission

A = TypeVar("A", bound=Aggregate)


class Access(Protocol):
    """What one caller may do with one record."""

    def check_read(self, record: Aggregate) -> None:
        """Raises Forbidden where the record is not to be seen."""
        ...

    def check_change(self, record: Aggregate) -> None:
        """Raises Forbidden where the record, as it is now, is not to be changed."""
        ...


@dataclass(frozen=True, slots=True)
class ScopeAccess:
    """Every record, to a caller whose role or scope opened the route; rights per record take its place (PERM)."""

    caller: Caller
    permission: str

    def check_read(self, record: Aggregate) -> None:
        """Raises Forbidden where the caller lacks the route's permission."""
        del record
        check_permission(self.caller, self.permission)

    def check_change(self, record: Aggregate) -> None:
        """Raises Forbidden where the caller lacks the route's permission."""
        del record
        check_permission(self.caller, self.permission)


class Guarded(Generic[A]):
    """Some records as one caller sees them."""

    def __init__(self, records: Records[A], access: Access) -> None:
        self._records = records
        self._access = access

    @property
    def noun(self) -> str:
        """What a record is called."""
        return self._records.noun

    async def get(self, id_: str) -> A:
        """Read a record.

        Raises:
            NotFound, Gone: no such record.
            Forbidden: the caller may not see it.
        """
        record = await self._records.get(id_)
        self._access.check_read(record)
        return record

    async def change(
        self, id_: str, action: Callable[[A], object], cause: Cause, *, expected_version: int | None = None
    ) -> A:
        """Change a record as `Repository.change` does.

        Raises:
            Forbidden: the caller may not change it; nothing is written.
        """

        def checked(record: A) -> None:
            self._access.check_change(record)
            action(record)

        return await self._records.change(id_, checked, cause, expected_version=expected_version)
