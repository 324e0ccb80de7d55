"""A value of a dictionary gets another name or another place (DICT-02)."""

from collections.abc import Mapping
from typing import Any

from services.catalog.domain.dictionary import Dictionary
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def change_dictionary_value(
    id_: str,
    code: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    dictionaries: Repository[Dictionary],
    expected_version: int | None = None,
) -> Dictionary:
    """Set the given ones of `name` and `sort`; its code and its default name stay for ever.

    Raises:
        NotFound: no such dictionary, or it has no such value.
        VersionMismatch: the caller's copy of the dictionary is old.
    """
    return await dictionaries.change(
        id_, lambda found: found.change_value(code, changes), cause, expected_version=expected_version
    )
