"""Delete a record of any type that is deleted by hand."""

from typing import Any

from shared.kit.domain import Cause
from shared.kit.storage.repository import Records


async def delete_element(
    id_: str, cause: Cause, *, elements: Records[Any], expected_version: int | None = None
) -> None:
    """Make a tombstone of it; what links it unlinks it on the event (DEAL-19, LEAD-21, COMP-10).

    Raises:
        NotFound: no such record, or it was deleted before.
        VersionMismatch: the caller's copy is old.
    """
    await elements.change(
        id_, lambda found: found.delete(by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )
