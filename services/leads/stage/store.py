"""The stages of leads as every request needs them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.leads.stage.domain import LeadStages
from shared.elements.domain.stage_owner import KnownStages
from shared.elements.domain.stages import StageSet
from shared.elements.store.own_stages import OwnStages
from shared.kit.domain import Clock
from shared.kit.storage.mongo_repository import MongoRepository

LEAD_STAGES: Final = "lead_stages"


class OwnLeadStages(OwnStages[LeadStages, KnownStages]):
    """The stages of leads, read where they are written."""

    def __init__(self, stages: MongoRepository[LeadStages], *, clock: Clock) -> None:
        super().__init__(stages, _known, clock=clock)

    async def every(self) -> StageSet:
        """Return all stages as they are now, those included that are being deleted."""
        return (await self.known()).every

    async def open(self) -> StageSet:
        """Return the stages that a lead may enter now."""
        return (await self.known()).open


def _known(found: Sequence[LeadStages], now: datetime) -> KnownStages:
    (stages,) = found
    return KnownStages(stages.stage_set, stages.open_stages(now=now))
