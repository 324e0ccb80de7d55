"""Fields of a lead are corrected (LEAD-10)."""

from collections.abc import Mapping
from typing import Any

from services.leads.domain.lead import Lead
from shared.kit.domain import Cause
from shared.kit.repository import Repository


async def correct_lead(
    id_: str, changes: Mapping[str, Any], cause: Cause, *, leads: Repository[Lead], expected_version: int | None = None
) -> Lead:
    """Set the given fields; values that stand there already are no change.

    Raises:
        NotFound: no such lead.
        Stale: the caller's copy is old.
    """
    return await leads.change(
        id_, lambda lead: lead.correct(changes, by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )
