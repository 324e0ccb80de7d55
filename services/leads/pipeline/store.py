"""View of the pipelines that deals publishes whole: which there are, and where the deal of a lead starts (LEAD-11).

Each event carries all of its pipeline, so a pipeline is one document that the newest event replaces: an event that
comes again or late changes nothing. They change seldom, so a process keeps them in memory for a moment.
"""

from collections.abc import Mapping
from typing import Final

from crm_contracts.envelope import Envelope
from crm_contracts.pipelines import (
    DEFAULT_FIRST_STAGE,
    DEFAULT_PIPELINE,
    PipelineCreated,
    PipelineDeleted,
    PipelineUpdated,
)

from shared.kit.storage.collection import Collection
from shared.kit.storage.kept import Kept

PIPELINES: Final = "pipelines"

_ALWAYS_THERE: Final = {DEFAULT_PIPELINE: DEFAULT_FIRST_STAGE}


class PipelinesOfDeals:
    """Kept from events; answers which pipelines there are, each with its first stage."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._first_stages = Kept(self._read)

    async def apply(self, event: Envelope[PipelineCreated | PipelineUpdated | PipelineDeleted]) -> None:
        """Store the pipeline; where a newer event was applied before, nothing changes."""
        data, sequence = event.data, event.sequence or 0
        first = None if isinstance(data, PipelineDeleted) else data.state.stages[0].id
        await self._collection.put(
            {"_id": data.element.id, "told": {"$not": {"$gte": sequence}}},
            {"$set": {"first_stage": first, "told": sequence}},
        )
        self._first_stages.forget()

    async def first_stages(self) -> Mapping[str, str]:
        """Return the first stage of each pipeline, by its id."""
        return await self._first_stages.get()

    async def _read(self) -> Mapping[str, str]:
        stored = {each["_id"]: each["first_stage"] for each in await self._collection.find({})}
        return {**_ALWAYS_THERE, **{id_: first for id_, first in stored.items() if first}}
