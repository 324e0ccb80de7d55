"""Rehearse a change: judge it on the record as it is, and write nothing."""

from collections.abc import Callable
from typing import TypeVar

from shared.kit.domain import Aggregate, Cause
from shared.kit.storage.repository import ANY_VERSION
from shared.kit.storage.repository_errors import VersionMismatch
from shared.kit.web.guard import Guarded

A = TypeVar("A", bound=Aggregate)


class Rehearsed(Guarded[A]):
    """Records whose changes are judged as if they were made, with the rights of one caller."""

    async def change(
        self, id_: str, action: Callable[[A], object], cause: Cause, *, expected_version: int | None = None
    ) -> A:
        """Return the record as it would be.

        Raises:
            NotFound, NotAllowed, VersionMismatch: as of a change.
        """
        del cause
        record = await self.get(id_)
        if expected_version not in {None, ANY_VERSION, record.version}:
            message = f"The {self.noun} has version {record.version}, not {expected_version}."
            raise VersionMismatch(message)
        with self.access.changing(self.right, record):
            action(record)
        return record
