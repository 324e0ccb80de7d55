"""Fields of a company are corrected (COMP-01)."""

from collections.abc import Mapping
from typing import Any

from services.clients.domain.company import Company
from shared.kit.domain import Cause
from shared.kit.repository import Repository


async def correct_company(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    companies: Repository[Company],
    expected_version: int | None = None,
) -> Company:
    """Set the given fields; values that stand there already are no change.

    Raises:
        NotFound: no such company.
        NameMissing: it could no longer be called anything.
        Stale: the caller's copy is old.
    """
    return await companies.change(
        id_, lambda found: found.correct(changes, by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )
