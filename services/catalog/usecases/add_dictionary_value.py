"""A dictionary gets one more value (DICT-02)."""

from services.catalog.domain.dictionary import Dictionary
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def add_dictionary_value(
    id_: str,
    code: str,
    name: str,
    sort: int,
    cause: Cause,
    *,
    dictionaries: Repository[Dictionary],
    expected_version: int | None = None,
) -> Dictionary:
    """Put it at its place among the others.

    Raises:
        NotFound: no such dictionary.
        ValueExists: it has a value of this code.
        TooManyValues: it has 500.
        VersionMismatch: the caller's copy of the dictionary is old.
    """
    return await dictionaries.change(
        id_, lambda found: found.add_value(code, name, sort), cause, expected_version=expected_version
    )
