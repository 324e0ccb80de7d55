"""Keep the view of pipelines from the events of deals."""

from typing import Any

from crm_contracts.envelope import Envelope
from crm_contracts.pipelines import PipelineCreated, PipelineDeleted, PipelineUpdated

from services.leads.pipeline.store import PipelinesOfDeals
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


def reactions(pipelines: PipelinesOfDeals) -> Reactions:
    """Make the reactions to every change of a pipeline."""

    async def on_event(event: Envelope[Any], _: Cause) -> None:
        """Keep the pipeline."""
        await pipelines.apply(event)

    return [on(each, on_event, name="keep_pipeline") for each in (PipelineCreated, PipelineUpdated, PipelineDeleted)]
