"""Fields of a deal are corrected (DEAL-01)."""

from collections.abc import Mapping
from typing import Any

from services.deals.domain.deal import Deal
from shared.kit.domain import Cause
from shared.kit.repository import Repository


async def correct_deal(
    id_: str, changes: Mapping[str, Any], cause: Cause, *, deals: Repository[Deal], expected_version: int | None = None
) -> Deal:
    """Set the given fields; values that stand there already are no change.

    Raises:
        NotFound: no such deal.
        Stale: the caller's copy is old.
    """
    return await deals.change(
        id_, lambda deal: deal.correct(changes, by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )
