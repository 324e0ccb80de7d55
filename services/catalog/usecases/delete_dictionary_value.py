"""A dictionary loses a value (DICT-02)."""

from services.catalog.domain.dictionary import Dictionary
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def delete_dictionary_value(
    id_: str,
    code: str,
    cause: Cause,
    *,
    dictionaries: Repository[Dictionary],
    by_force: bool = False,
    expected_version: int | None = None,
) -> Dictionary:
    """Take it out of the list; elements that have it keep the bare code.

    Raises:
        NotFound: no such dictionary, or it has no such value.
        SystemValue: it came with the CRM, and nobody used force.
        VersionMismatch: the caller's copy of the dictionary is old.
    """
    return await dictionaries.change(
        id_, lambda found: found.delete_value(code, by_force=by_force), cause, expected_version=expected_version
    )
