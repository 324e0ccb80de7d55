"""Collection of the pipelines, and the pipelines as every request needs them."""

from collections.abc import Mapping
from typing import Final

from services.deals.pipeline.domain.known import KnownPipelines
from services.deals.pipeline.domain.pipeline import Pipeline
from shared.elements.domain.stages import StageSet
from shared.elements.store.own_stages import OwnStages
from shared.kit.domain import Clock
from shared.kit.storage.mongo_repository import MongoRepository

PIPELINES: Final = "pipelines"


class OwnPipelines(OwnStages[Pipeline, KnownPipelines]):
    """The pipelines, read where they are written."""

    def __init__(self, pipelines: MongoRepository[Pipeline], *, clock: Clock) -> None:
        super().__init__(pipelines, KnownPipelines, clock=clock)

    async def stages(self) -> Mapping[str, StageSet]:
        """Return the stages of each pipeline as they are now."""
        return (await self.known()).stages
