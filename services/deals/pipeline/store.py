"""Collection of the pipelines, and the pipelines as every request needs them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from services.deals.pipeline.domain.known import KnownPipelines
from services.deals.pipeline.domain.pipeline import Pipeline
from shared.elements.domain.stages import StageSet
from shared.kit.domain import Clock
from shared.kit.storage.kept import FRESH_S, Kept
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING

PIPELINES: Final = "pipelines"
SETTLED_S: Final = 2 * FRESH_S
"""After that every replica knows what was stored, and what began before it knew that has ended."""


class OwnPipelines:
    """The pipelines, read where they are written: they change seldom, so a process keeps them for a moment."""

    def __init__(self, pipelines: MongoRepository[Pipeline], *, clock: Clock) -> None:
        self._pipelines, self._clock = pipelines, clock
        self._known = Kept(self._read_known)

    async def known(self) -> KnownPipelines:
        """Return all pipelines as they are now."""
        return await self._known.get()

    async def stages(self) -> Mapping[str, StageSet]:
        """Return the stages of each pipeline as they are now."""
        return (await self.known()).stages

    def forget(self) -> None:
        """Read them anew the next time, because this process has changed one."""
        self._known.forget()

    async def settled(self) -> None:
        """Wait until every replica knows what was stored just now."""
        await asyncio.sleep(SETTLED_S)

    async def former_places(self) -> Sequence[tuple[str, str | None]]:
        """Return pipelines that were deleted, each with no stage, and stages that were, each with its pipeline."""
        stages = [(each.id, stage) for each in await self._read(are_deleted=False) for stage in each.former_stages]
        return [*stages, *((each.id, None) for each in await self._read(are_deleted=True))]

    async def _read_known(self) -> KnownPipelines:
        now = self._clock()
        return KnownPipelines(await self._read(are_deleted=False), now=now)

    async def _read(self, *, are_deleted: bool) -> Sequence[Pipeline]:
        found = await self._pipelines.collection.find({}, sort=[("_id", 1)], fields=WITHOUT_BOOKKEEPING)
        pipelines = [self._pipelines.read(document) for document in found]
        return [each for each in pipelines if (each.deleted_at is not None) == are_deleted]
