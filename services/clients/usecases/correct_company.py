"""Fields of a company are corrected (COMP-01)."""

from collections.abc import Mapping
from typing import Any

from services.clients.domain.codes import COMPANY_CODES, Dictionaries
from services.clients.domain.company import Company
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def correct_company(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    companies: Repository[Company],
    dictionaries: Dictionaries,
    expected_version: int | None = None,
) -> Company:
    """Set the given fields; values that stand there already are no change.

    Raises:
        NotFound: no such company.
        NameMissing: it could no longer be called anything.
        UnknownValue: naming every field with a code that neither its dictionary has nor the record (DICT-01).
        VersionMismatch: the caller's copy is old.
    """
    codes = await dictionaries.codes(COMPANY_CODES, changes)
    return await companies.change(
        id_,
        lambda found: found.correct(codes.for_standing(changes, found), by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
