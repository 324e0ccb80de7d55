"""Use cases of dictionaries: seed them, add, change and delete values."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.catalog.dictionary.domain.dictionary import Dictionary
from services.catalog.dictionary.domain.seeds import SEEDS
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records, Repository

ACTOR = "service:catalog"


async def seed_dictionaries(at: datetime, *, dictionaries: Repository[Dictionary]) -> None:
    """Create the missing dictionaries with their seeds, each once even where several replicas start (DICT-01)."""
    for code in SEEDS:
        if await dictionaries.find(code) is None:
            # The cause is the same in every replica, so the second insert is a repeat of the first.
            cause = Cause(key=f"seed:{code}", actor=ACTOR, at=at, correlation_id=f"seed:{code}")
            await dictionaries.add(Dictionary.create(code), cause)


async def add_dictionary_value(
    id_: str,
    code: str,
    name: str,
    sort: int,
    cause: Cause,
    *,
    dictionaries: Records[Dictionary],
    rate: Decimal | None = None,
    expected_version: int | None = None,
) -> Dictionary:
    """Add a value to a dictionary (DICT-02).

    Raises:
        NotFound: no such dictionary.
        Invalid: no rate of a VAT rate, or a rate of something else.
        ValueExists: it has a value of this code.
        TooManyValues: it has 500.
        VersionMismatch: the caller's copy of the dictionary is old.
    """
    return await dictionaries.change(
        id_, lambda found: found.add_value(code, name, sort, rate), cause, expected_version=expected_version
    )


async def change_dictionary_value(
    id_: str,
    code: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    dictionaries: Records[Dictionary],
    expected_version: int | None = None,
) -> Dictionary:
    """Set `name` or `sort` of a value; its code and its default name never change (DICT-02).

    Raises:
        NotFound: no such dictionary, or it has no such value.
        VersionMismatch: the caller's copy of the dictionary is old.
    """
    return await dictionaries.change(
        id_, lambda found: found.change_value(code, changes), cause, expected_version=expected_version
    )


async def delete_dictionary_value(
    id_: str,
    code: str,
    cause: Cause,
    *,
    dictionaries: Records[Dictionary],
    by_force: bool = False,
    expected_version: int | None = None,
) -> Dictionary:
    """Delete a value; elements that have it keep the bare code (DICT-02).

    Raises:
        NotFound: no such dictionary, or it has no such value.
        SystemValue: it is a system value, and `by_force` is not set.
        VersionMismatch: the caller's copy of the dictionary is old.
    """
    return await dictionaries.change(
        id_, lambda found: found.delete_value(code, by_force=by_force), cause, expected_version=expected_version
    )
