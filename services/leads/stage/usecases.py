"""Use cases of the stages of leads, besides what can be done with all stages."""

from typing import Final

from services.leads.stage.domain import LEAD_STAGE, LeadStages
from shared.kit.domain import Cause, Clock
from shared.kit.storage.repository import Repository

ACTOR: Final = "service:leads"


async def seed_lead_stages(clock: Clock, *, stages: Repository[LeadStages]) -> None:
    """Create the stages of leads, once even where several replicas start (LEAD-06)."""
    if await stages.find(LEAD_STAGE) is None:
        # The cause is the same in every replica, so the second insert is a repeat of the first.
        cause = Cause(key=f"seed:{LEAD_STAGE}", actor=ACTOR, at=clock(), correlation_id=f"seed:{LEAD_STAGE}")
        await stages.add(LeadStages.create(), cause)
