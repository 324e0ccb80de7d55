"""A deal moves to another stage of its pipeline (DEAL-06)."""

from services.deals.domain.deal import Deal
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def move_deal(
    id_: str, stage_id: str, cause: Cause, *, deals: Repository[Deal], expected_version: int | None = None
) -> Deal:
    """Move to any stage of the pipeline; being there already is a success without effect.

    Raises:
        StageNotFound: no such stage in the deal's pipeline.
    """
    return await deals.change(
        id_, lambda deal: deal.move(stage_id, by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )
