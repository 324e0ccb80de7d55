"""A lead moves to another stage (LEAD-07)."""

from services.leads.domain.lead import Lead
from services.leads.domain.stages import LEAD_STAGES
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def move_lead(
    id_: str, stage_id: str, cause: Cause, *, leads: Repository[Lead], expected_version: int | None = None
) -> Lead:
    """Move to any stage; being there already is a success without effect.

    Raises:
        StageNotFound: no such stage.
        ConversionRunning: the lead is being converted.
    """
    stage = LEAD_STAGES.get(stage_id)
    return await leads.change(
        id_, lambda lead: lead.move(stage, by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )
